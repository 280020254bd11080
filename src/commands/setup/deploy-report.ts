// Report of a deployment: one line a step, progress of the servers, and next steps.
import type { ServerStatus, Status } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { isHealthy, statusSummary, stateLabel } from '../../core/status/health-summary.ts';
import { locationLines } from '../daemon/live-lines.ts';
import { fit, pad, paint } from '../views/style.ts';

export type DeployStepName = 'config' | 'service' | 'start' | 'verify' | 'clients';

export interface DeployStep {
  readonly name: DeployStepName;
  readonly ok: boolean;
  /** One line: what was done, or why it failed. */
  readonly detail: string;
  /** Cure, where one is known. */
  readonly hint?: string;
}

/** Writes the line of a step, with a mark that the terminal can show. */
export function stepLine(
  { name, ok, detail }: DeployStep,
  { colour, isUnicode }: { readonly colour: boolean; readonly isUnicode: boolean },
): string {
  const mark = isUnicode ? (ok ? '✔' : '✘') : ok ? '[ok]' : '[failed]';
  return `${paint(mark, ok ? 'green' : 'red', colour)} ${pad(name, LONGEST)}  ${neutralise(detail)}`;
}

const LONGEST = 'service'.length;

/** Creates a function that writes one line for each server whose progress has changed. */
export function createDeployProgress(): (
  status: Status,
  options: { readonly now: number; readonly width: number; readonly colour: boolean },
) => string[] {
  const printed = new Map<string, string>();
  return ({ servers }, { now, width, colour }) =>
    servers.flatMap((server) => {
      const text = progressOf(server, now);
      // A countdown is no change.
      const fixedPart = text.replaceAll(/\d+ (?:ms|s|min|h|d)\b/gu, '');
      if (printed.get(server.name) === fixedPart) return [];
      printed.set(server.name, fixedPart);
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
  ['mcp-watchdog status', 'state of the servers'],
  ['mcp-watchdog monitor', 'the same, live'],
  ['mcp-watchdog logs --all -f', 'their output'],
  ['mcp-watchdog restart NAME', 'restarts a server'],
  ['mcp-watchdog doctor', 'finds problems and their cures'],
] as const;

/** Writes addresses, commands and client settings, for when every server answers. */
export function nextSteps(
  { daemon }: Status,
  {
    logs,
    colour,
    clients,
  }: { readonly logs: string; readonly colour: boolean; readonly clients: readonly string[] },
): string[] {
  const width = Math.max(...COMMANDS.map(([command]) => command.length));
  return [
    '',
    ...locationLines(daemon, { logs, colour }),
    '',
    ...COMMANDS.map(([command, what]) => `  ${pad(command, width)}  ${paint(what, 'dim', colour)}`),
    ...(clients.length === 0 ? [] : ['', ...clients]),
  ];
}
