// Command `add NAME`: writes a server into the config, whose comments stay, and tells the daemon.
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { applyEdit, type ConfigEdit, planEdit, planFirst } from '../../config/edit/edit-config.ts';
import { addServer } from '../../config/edit/edit-servers.ts';
import { launchKeys, readCommandLine } from '../../config/import/command-line.ts';
import { serverNames } from '../../config/import/existing-servers.ts';
import { serverYaml } from '../../config/import/write-yaml.ts';
import { type DocumentMap, documentMap, type DocumentValue } from '../../config/schema/document.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { parseNpmSpec } from '../../core/base/package-runner.ts';
import { exactVersion } from '../../core/python/requirement.ts';
import { folderWarning } from '../../supervisor/program/working-folder.ts';
import type { CommandContext, Flags } from '../shared/command.ts';
import { createFirstConfig } from '../shared/first-config.ts';
import { inTurn } from './config-turn.ts';
import { printEdited } from './edited-config.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags, io } = context;
  const [name = '', ...argv] = context.arguments;
  const { settings, notes } = readSettings(argv, flags);
  const missing = noteOnMissing(name, settings);
  const lines = serverYaml({ name, settings, enabled: true });
  const write = (): ConfigEdit => {
    const isNew = !existsSync(paths.config);
    const edit = isNew
      ? firstConfig(context, lines)
      : planEdit(paths.config, {
          environment: io.env,
          edit(text) {
            refuseKnown(name, paths.config);
            return addServer(text, name, settings);
          },
        });
    if (flags.dryRun === true) return edit;
    if (isNew) createFirstConfig(paths, edit.text);
    else applyEdit(paths.config, edit);
    return edit;
  };
  const edit = flags.dryRun === true ? write() : await inTurn(paths, write);
  return await printEdited(context, {
    data: { server: name, settings },
    lines: [
      `${flags.dryRun === true ? 'Would add' : 'Added'} ${name} to ${paths.config}`,
      ...lines.map((line) => `  ${line}`),
      ...notes,
      ...missing,
    ],
    warnings: edit.warnings.filter((warning) => warning.includes(`servers.${name}`)),
  });
}

function firstConfig({ paths, io }: CommandContext, lines: readonly string[]): ConfigEdit {
  const text = `${[...HEAD, 'servers:', ...lines.map((line) => `  ${line}`)].join('\n')}\n`;
  return planFirst(paths.config, text, io.env);
}

const HEAD = [
  '# Servers that mcp-watchdog keeps alive. After a change: mcp-watchdog config validate',
  '# Every key, with its default and its meaning: docs/configuration.md',
  '',
];

function refuseKnown(name: string, config: string): void {
  if (!serverNames(config).has(name)) return;
  throw new WatchdogError('USAGE', `Cannot add "${name}": the config has a server of that name already`, {
    hint: `Choose another name, edit ${config}, or first: mcp-watchdog remove ${name}`,
  });
}

interface ReadSettings {
  readonly settings: DocumentMap;
  readonly notes: readonly string[];
}

/** @param argv what stands behind `--`: the program, or the arguments of the package */
function readSettings(argv: readonly string[], flags: Flags): ReadSettings {
  const { url, cwd } = flags;
  const { keys, env, notes } = readSource(argv, flags);
  const variables = { ...env, ...readVariables(flags.env ?? []) };
  const optional: readonly (readonly [string, DocumentValue | undefined])[] = [
    ['transport', flags.transport ?? (url === undefined ? undefined : 'http')],
    ['url', url],
    ['cwd', cwd === undefined ? undefined : fromHere(cwd)],
    ['env', Object.keys(variables).length === 0 ? undefined : documentMap(Object.entries(variables))],
  ];
  const settings = new Map(keys);
  for (const [key, value] of optional) if (value !== undefined) settings.set(key, value);
  return { settings: documentMap(settings), notes };
}

interface ReadSource {
  readonly keys: ReadonlyMap<string, DocumentValue>;
  readonly env: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

function readSource(argv: readonly string[], flags: Flags): ReadSource {
  const { package: named, url } = flags;
  if (named !== undefined) {
    const spec = readPackage(named);
    const keys = new Map<string, DocumentValue>([['package', spec.name]]);
    if (spec.version !== null) keys.set('version', spec.version);
    if (argv.length > 0) keys.set('args', argv);
    return { keys, env: {}, notes: [] };
  }
  if (argv.length === 0 && url !== undefined) return { keys: new Map(), env: {}, notes: [] };
  if (argv.length === 0) {
    throw new WatchdogError('USAGE', 'Cannot add a server: nothing says what it is', {
      hint: 'For example: mcp-watchdog add context7 --package @upstash/context7-mcp, or add mine -- python3 -m my_server, or add far --url https://example.com/mcp',
    });
  }
  const line = readCommandLine(argv, readVariables(flags.env ?? []));
  if (line.kind === 'command') return asCommand(line, flags);
  const keys = new Map<string, DocumentValue>(launchKeys(line.launch));
  const notes = [`${argv[0] ?? ''} is not needed: the watchdog installs ${line.launch.package} itself`];
  return { keys, env: line.env, notes };
}

/** As it was typed, but for a program that the server's folder would not have. */
function asCommand(
  line: Extract<ReturnType<typeof readCommandLine>, { kind: 'command' }>,
  { cwd }: Flags,
): ReadSource {
  const [program = '', ...args] = line.argv;
  const isHere = cwd === undefined;
  const command = [isHere && program.includes('/') ? fromHere(program) : program, ...args];
  const notes = [line.note, isHere ? noteOnPath(args) : null].flatMap((note) =>
    note === null ? [] : [`Note: ${note}`],
  );
  return { keys: new Map([['command', command]]), env: line.env, notes };
}

/** A relative path on a command line means the folder of whoever typed it, in the config that of the config. */
function fromHere(path: string): string {
  return /^[~/]|\$\{/u.test(path) ? path : resolve(path);
}

/**
 * Notes the folder and the program that are not there, of those that are named by a whole path. It is no error: a volume
 * may be mounted later, and the daemon starts the server as soon as it is.
 */
function noteOnMissing(name: string, settings: DocumentMap): readonly string[] {
  const { cwd, command } = settings;
  const notes: string[] = [];
  const folder = wholePath(cwd);
  const warning = folder === null ? null : folderWarning(name, folder);
  if (warning !== null) notes.push(`Note: ${warning}`);
  const program = wholePath(Array.isArray(command) ? command[0] : null);
  if (program !== null && !existsSync(program))
    notes.push(`Note: the program ${program} does not exist: ${name} does not start before it is there`);
  return notes;
}

/** Null for what is relative, and for what only the config can resolve. */
function wholePath(value: unknown): string | null {
  return typeof value === 'string' && isAbsolute(value) && !value.includes('${') ? value : null;
}

/** Warns of the first argument that is a file seen from here, which the server would look for elsewhere; null for none. */
function noteOnPath(args: readonly string[]): string | null {
  const path = args.find((arg) => !arg.startsWith('-') && !isAbsolute(arg) && existsSync(arg));
  if (path === undefined) return null;
  return `${path} is not looked for in this folder, where the server does not run; --cwd . runs it here`;
}

/** `NAME@VERSION`, or of a Python package `pypi:NAME==1.2`, `pypi:NAME>=1,<2`; what is neither is left to the config. */
function readPackage(named: string): { readonly name: string; readonly version: string | null } {
  if (!named.startsWith('pypi:')) return parseNpmSpec(named) ?? { name: named, version: null };
  const [, name = named, wish = ''] = /^([^@=<>!~]+)@?(.*)$/u.exec(named) ?? [];
  const version = exactVersion(wish) ?? wish;
  return { name, version: version === '' || version === 'latest' ? null : version };
}

/** `KEY=VALUE`; `KEY` alone takes the value from the environment of the watchdog at each start, so that no secret is in the file. */
function readVariables(written: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    written.map((each) => {
      const at = each.indexOf('=');
      return at === -1 ? [each, `\${env:${each}}`] : [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}
