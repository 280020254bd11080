// Report of `check`: one line per fault, with value and limit, and the exit code.
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import {
  describeHealth,
  describeLastExit,
  healthLabel,
  isHealthy,
  latestProbe,
  statusSummary,
  stateLabel,
} from '../../core/status/health-summary.ts';
import { cpu, latency, size } from '../../core/base/format.ts';
import { fit, pad, paint, widthOf, type ViewOptions } from '../views/style.ts';

/** Exit code of `check` for each fault; of several the lowest counts. */
const FAULT_CODES = { not_running: 1, memory: 2, cpu: 3, not_responding: 4 } as const;

interface Fault {
  readonly kind: keyof typeof FAULT_CODES;
  readonly text: string;
  /** Bytes or cores; null where nothing is measured. */
  readonly value: number | null;
  readonly limit: number | null;
}

export interface CheckResult {
  readonly server: string;
  readonly faults: readonly Fault[];
}

/** @param asked the server was named: then a server that was stopped on request or has completed counts as not running */
export function checkServer(
  server: ServerStatus,
  { asked, now }: { asked: boolean; now: number },
): CheckResult {
  const rests = server.state === 'stopped' && isHealthy(server);
  if (rests && !asked) return { server: server.name, faults: [] };
  const faults = isRunning(server)
    ? [...limitFaults(server), ...probeFaults(server)]
    : [notRunning(server, now)];
  return { server: server.name, faults };
}

/** Returns 0 without a fault, else the lowest code of all faults. */
export function exitCodeOf(checked: readonly CheckResult[]): number {
  const codes = checked.flatMap(({ faults }) => faults.map(({ kind }) => FAULT_CODES[kind]));
  return codes.length === 0 ? 0 : Math.min(...codes);
}

export function checkReport(
  checked: readonly CheckResult[],
  servers: readonly ServerStatus[],
  { width, colour }: ViewOptions,
): string[] {
  const longest = Math.max(0, ...checked.map(({ server }) => widthOf(server)));
  return checked.flatMap(({ server, faults }) => {
    const name = pad(server, longest);
    const write = (text: string, style: 'green' | 'red') =>
      `${paint(name, 'bold', colour)}  ${paint(fit(neutralise(text), width - longest - 2), style, colour)}`;
    if (faults.length > 0) return faults.map(({ text }) => write(text, 'red'));
    return [write(healthyText(servers.find((each) => each.name === server)), 'green')];
  });
}

function healthyText(server: ServerStatus | undefined): string {
  if (server?.state === 'idle') return 'ok: idle, the next call starts it';
  if (server?.state === 'stopped')
    return server.stoppedBecause === 'completed' ? 'ok: completed' : 'ok: stopped by you';
  if (server?.health.unauthorized === true)
    return `ok: it answers, but refuses us (${healthLabel(server)}): ${server.health.detail ?? 'no reason given'}`;
  const took = server === undefined ? null : (latestProbe(server)?.took ?? null);
  return took === null ? 'ok' : `ok: answered in ${latency(took)}`;
}

function isRunning({ state }: ServerStatus): boolean {
  return state === 'running' || state === 'watched';
}

function notRunning(server: ServerStatus, now: number): Fault {
  const state = stateLabel(server);
  const why = statusSummary(server, now);
  const told = why === '' ? (describeLastExit(server) ?? '') : why;
  const text = told === '' ? state : told.startsWith(state) ? told : `${state}, ${told}`;
  return { kind: 'not_running', text: `not running: ${text}`, value: null, limit: null };
}

// The soft limit: a value over the hard one is over this one too.
function limitFaults({ usage, limits }: ServerStatus): Fault[] {
  const memory = over('memory', usage && usedMemory(usage), limits.memory.soft ?? limits.memory.hard, size);
  const cores = over('cpu', usage?.cpuCores, limits.cpu.soft ?? limits.cpu.hard, cpu);
  return [...memory, ...cores];
}

function over(
  kind: 'memory' | 'cpu',
  value: number | null | undefined,
  limit: number | null,
  write: (value: number) => string,
): Fault[] {
  if (value === null || value === undefined || limit === null || value <= limit) return [];
  const name = kind === 'memory' ? 'memory' : 'CPU';
  return [{ kind, text: `${name} is ${write(value)}, the limit is ${write(limit)}`, value, limit }];
}

function probeFaults(server: ServerStatus): Fault[] {
  const { up, suspect, unauthorized } = server.health;
  const detail = describeHealth(server.health);
  // A server that asks for credentials has answered, although its probe counts as failed.
  if (up === true && !suspect && (unauthorized || latestProbe(server)?.ok !== false)) return [];
  const text = `not responding: ${detail ?? (up === null ? 'no probe has passed yet' : 'the last probe failed')}`;
  return [{ kind: 'not_responding', text, value: null, limit: null }];
}
