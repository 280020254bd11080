// How a deployment is told while it goes on: one line a step, what is being waited for, and what to do next.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { isHealthy, statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import { clientSnippets } from '../views/client-snippets.ts';
import { locationLines } from '../daemon/live-lines.ts';
import { fit, pad, paint } from '../views/style.ts';

export type DeployStepName = 'config' | 'service' | 'start' | 'verify';

export interface DeployStep {
  readonly name: DeployStepName;
  readonly ok: boolean;
  /** One line: what was done, or why it could not be. */
  readonly detail: string;
  /** The cure, where one is known. */
  readonly hint?: string;
}

/** A mark that the terminal can show. */
export function stepLine(
  { name, ok, detail }: DeployStep,
  { colour, isUnicode }: { readonly colour: boolean; readonly isUnicode: boolean },
): string {
  const mark = isUnicode ? (ok ? '✔' : '✘') : ok ? '[ok]' : '[failed]';
  return `${paint(mark, ok ? 'green' : 'red', colour)} ${pad(name, LONGEST)}  ${neutralise(detail)}`;
}

const LONGEST = 'service'.length;

/** Whether what is printed is read as UTF-8: the rule of setlocale(3). */
export function isUnicodeLocale(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return /utf-?8/iu.test(locale ?? '');
}

/** One line for each server that is not well yet, when there is something new to say of it. */
export function createDeployProgress(): (
  status: Status,
  options: { readonly now: number; readonly width: number; readonly colour: boolean },
) => string[] {
  const said = new Map<string, string>();
  return ({ servers }, { now, width, colour }) =>
    servers.flatMap((server) => {
      const text = progressOf(server, now);
      // A countdown is no news.
      const gist = text.replaceAll(/\d+ (?:ms|s|min|h|d)\b/gu, '');
      if (said.get(server.name) === gist) return [];
      said.set(server.name, gist);
      return [paint(fit(`  ${server.name}: ${neutralise(text)}`, width), 'dim', colour)];
    });
}

function progressOf(server: ServerStatus, now: number): string {
  if (isHealthy(server))
    return server.state === 'stopped' ? statusSummary(server, now) || 'not started' : 'answers';
  const reason = statusSummary(server, now);
  return reason === '' ? stateLabel(server) : reason;
}

const COMMANDS = [
  ['mcp-watchdog status', 'how the servers are'],
  ['mcp-watchdog monitor', 'the same, live'],
  ['mcp-watchdog logs --all -f', 'what they print'],
  ['mcp-watchdog restart NAME', 'begins one anew'],
  ['mcp-watchdog doctor', 'what is wrong, and its cure'],
] as const;

/** What to know once all is well. */
export function nextSteps(
  { daemon, servers }: Status,
  { logs, colour }: { readonly logs: string; readonly colour: boolean },
): string[] {
  const width = Math.max(...COMMANDS.map(([command]) => command.length));
  const sheet = clientSnippets(servers);
  return [
    '',
    ...locationLines(daemon, { logs, colour }),
    '',
    ...COMMANDS.map(([command, what]) => `  ${pad(command, width)}  ${paint(what, 'dim', colour)}`),
    ...(sheet.length === 0 ? [] : ['', ...sheet]),
  ];
}
