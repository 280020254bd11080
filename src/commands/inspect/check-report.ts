// What a full health check found: one line per fault, with value and limit, and the exit code that says it.
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import {
  describeLastExit,
  isHealthy,
  latestProbe,
  statusSummary,
  stateLabel,
} from '../../core/status/health-summary.ts';
import { cpu, latency, size } from '../../core/base/format.ts';
import { fit, pad, paint, widthOf, type ViewOptions } from '../views/style.ts';

/** The exit code of `check` for each fault; the lowest of several is the gravest. */
const FAULT_CODES = { 'not-running': 1, memory: 2, cpu: 3, 'not-responding': 4 } as const;

interface Fault {
  readonly kind: keyof typeof FAULT_CODES;
  readonly text: string;
  /** Bytes or cores; null where there is nothing to measure. */
  readonly value: number | null;
  readonly limit: number | null;
}

export interface CheckResult {
  readonly server: string;
  readonly faults: readonly Fault[];
}

/** @param asked the server was named: then being down on request, or done, counts as not running */
export function checkServer(
  server: ServerStatus,
  { asked, now }: { asked: boolean; now: number },
): CheckResult {
  const rests = server.state === 'stopped' && isHealthy(server);
  if (rests && !asked) return { server: server.name, faults: [] };
  const faults = isRunning(server) ? [...overLimit(server), ...silence(server)] : [notRunning(server, now)];
  return { server: server.name, faults };
}

/** 0 when there is no fault; of several the gravest counts. */
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
    return [write(praise(servers.find((each) => each.name === server)), 'green')];
  });
}

function praise(server: ServerStatus | undefined): string {
  if (server?.state === 'stopped')
    return server.stoppedBecause === 'completed' ? 'ok: completed' : 'ok: stopped by you';
  if (server?.health.unauthorized === true) return 'ok: it answers, but not to us: unauthorized';
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
  return { kind: 'not-running', text: `not running: ${text}`, value: null, limit: null };
}

// The soft limit: what is over the hard one is over this one too.
function overLimit({ usage, limits }: ServerStatus): Fault[] {
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

function silence(server: ServerStatus): Fault[] {
  const { up, suspect, unauthorized, detail } = server.health;
  // A server that wants to know who asks has answered; its probe counts as failed all the same.
  if (up === true && !suspect && (unauthorized || latestProbe(server)?.ok !== false)) return [];
  const text = `not responding: ${detail ?? (up === null ? 'no probe has passed yet' : 'the last probe failed')}`;
  return [{ kind: 'not-responding', text, value: null, limit: null }];
}
