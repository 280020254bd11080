// Warnings about words that only a shell would expand: `~`, `$HOME`, `$(…)`.
import { programName } from '../../core/base/package-runner.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { KeyPath } from '../schema/document.ts';

/** `path` starts below the server's name; the sentence follows it. */
export interface ShellWordWarning {
  readonly path: KeyPath;
  readonly sentence: string;
}

/** Lists the words of a server that reach it literally although a shell would expand them; values are not shown, only references. */
export function shellWordWarnings(spec: ServerSpec): ShellWordWarning[] {
  const { source, args, env, probe } = spec;
  const command = source.kind === 'command' ? source.command : [];
  const lists = [
    ...literalWords(command).map(({ at, word }) => ({ path: ['command', at], word })),
    ...literalWords([...command, ...args])
      .filter(({ at }) => at >= command.length)
      .map(({ at, word }) => ({ path: ['args', at - command.length], word })),
    ...Object.entries(env).map(([name, word]) => ({ path: ['env', name], word })),
    ...literalWords(probe.kind === 'exec' ? probe.command : []).map(({ at, word }) => ({
      path: ['probe', 'command', at],
      word,
    })),
  ];
  return lists.flatMap(({ path, word }) => {
    const reference = shellReference(word);
    return reference === null ? [] : [{ path, sentence: sentenceFor(reference) }];
  });
}

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'fish', 'ash']);

/** Leaves out the script of `sh -c SCRIPT`: a shell does read that one. */
function literalWords(argv: readonly string[]): { readonly at: number; readonly word: string }[] {
  const words = argv.map((word, at) => ({ at, word }));
  const shell = argv.findIndex((word) => SHELLS.has(programName(word)));
  const script = shell === -1 ? -1 : argv.findIndex((word, at) => at > shell && /^-\w*c$/.test(word)) + 1;
  return script > 0 ? words.filter(({ at }) => at !== script) : words;
}

/** A home folder, a variable of every shell, a whole value that is one variable, a command in place of its output. */
const REFERENCES: readonly RegExp[] = [
  /(?:^|[=:,])(~)(?=\/|$)/,
  /(?:^|[=:,\s/])(\$(?:HOME|USER|LOGNAME|PATH|PWD|TMPDIR|SHELL|HOSTNAME|XDG_[A-Z_]+))(?![\w])/,
  /^(?:--?[\w-]+=)?(\$[A-Z][A-Z0-9_]{2,})$/,
  /(\$\()[^)]+\)/,
  /(%(?:USERPROFILE|APPDATA|LOCALAPPDATA|HOMEPATH)%)/i,
];

function shellReference(word: string): string | null {
  for (const form of REFERENCES) {
    const [, reference] = form.exec(word) ?? [];
    if (reference !== undefined) return reference;
  }
  return null;
}

function sentenceFor(reference: string): string {
  const taken = `holds ${reference === '$(' ? '$(…)' : reference}, which is taken literally: no shell reads it`;
  if (reference === '$(') return `${taken}; write the value itself`;
  if (reference === '~' || reference.startsWith('%'))
    return `${taken}; write the whole path, or \${env:HOME}/…`;
  return `${taken}; write \${env:${reference.slice(1)}}`;
}
