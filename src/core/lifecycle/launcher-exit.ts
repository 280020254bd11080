// Explanation of an exit with code 0: a command that only launches a server, and the way to run it in the foreground.
import { programName } from '../base/package-runner.ts';
import type { LauncherExit } from '../model/observations.ts';

export interface CleanExit {
  readonly argv: readonly string[];
  /** Something that the command had started was alive after it. */
  readonly leftProcesses: boolean;
}

const CONTAINERS = new Set(['docker', 'podman', 'nerdctl']);
/** Programs that hand the server to somebody else, and return. */
const STARTERS = new Set([
  'pm2',
  'forever',
  'systemctl',
  'launchctl',
  'brew',
  'service',
  'supervisorctl',
  'open',
  'screen',
  'tmux',
  'start-stop-daemon',
  'daemonize',
  'daemon',
]);
const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash']);
const BACKGROUND_OPTION = /^--?(?:daemon|daemonize|background|detach|detached|fork)(?:=(?:true|yes|1))?$/;

/** Explains why a server that ended with code 0 is no server; null when nothing tells. */
export function explainCleanExit({ argv, leftProcesses }: CleanExit): LauncherExit | null {
  const hint = foregroundHint(argv);
  if (leftProcesses) return { what: 'while a process that it had started went on', hint: hint ?? FOREGROUND };
  return hint === null ? null : { what: 'and left its work to the background', hint };
}

const FOREGROUND =
  'Run it in the foreground: without &, nohup or an option such as --daemon; a shell script starts its last command with exec.';

function foregroundHint(argv: readonly string[]): string | null {
  const [program = '', ...args] = argv;
  const name = programName(program);
  if (CONTAINERS.has(name) && args.some((word) => /^-[a-z]*d[a-z]*$/.test(word) || word === '--detach'))
    return `Remove -d: ${name} then stays in the foreground and ends with its container; a stdio server needs -i --rm too.`;
  if (STARTERS.has(name))
    return `Write the command that ${name} starts: the watchdog keeps that one running itself.`;
  const script = SHELLS.has(name) ? args[args.findIndex((word) => /^-\w*c$/.test(word)) + 1] : undefined;
  if (script !== undefined && /(?<![&>])&(?![&>])/.test(script))
    return 'Remove the & from its script, and start the last command with exec.';
  const option = args.find((word) => BACKGROUND_OPTION.test(word));
  return option === undefined ? null : `Remove ${option}, so that it runs in the foreground.`;
}
