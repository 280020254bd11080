// Details of one server, one fact a line.
import { usedMemory } from '../../core/lifecycle/resource-limits.ts';
import type { TreeUsage } from '../../core/model/observations.ts';
import { UNLIMITED_ENDS } from '../../core/model/server-spec.ts';
import { RESTART_REASONS } from '../../core/model/vocabulary.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { neutralise } from '../../core/base/text.ts';
import { updateFacts } from '../../core/update/update-facts.ts';
import {
  describeHealth,
  describeLastExit,
  describeLastFailure,
  latestProbe,
  overLimits,
  describeRestart,
  restartsOf,
} from '../../core/status/health-summary.ts';
import { wordsSince } from '../../core/status/state-words.ts';
import { cureFor } from '../../core/status/troubles.ts';
import { ago, cpu, latency, size, span, uptime } from '../../core/base/format.ts';
import { healthCell, stateCell } from '../views/state-cells.ts';
import { type Cell, fit, pad, paint, type ViewOptions, wrap } from '../views/style.ts';

type Fact = readonly [label: string, value: Cell | string | null];

export function serverDetail(server: ServerStatus, options: ViewOptions): string[] {
  const { width, colour } = options;
  const { now } = options;
  const facts = [...life(server, now), ...work(server, now), ...history(server, now)];
  const shown = facts.flatMap(([label, value]) => {
    const { text, style } =
      typeof value === 'string' ? { text: value, style: undefined } : (value ?? { text: '' });
    if (text === '') return [];
    // A cause or cure that is cut is none.
    return wrap(neutralise(text), width - LABEL, MAX_LINES).map(
      (line, index) =>
        paint(pad(index === 0 ? label : '', LABEL), 'dim', colour) + paint(line, style, colour),
    );
  });
  return [paint(fit(server.name, width), 'bold', colour), ...shown, ...lastLines(server, options)];
}

const LABEL = 16;
/** Lines that one fact takes at most. */
const MAX_LINES = 6;

function life(server: ServerStatus, now: number): Fact[] {
  const { pid, startedAt, note, nextAttemptAt, desired, state } = server;
  const word = stateCell(server);
  return [
    ['state', { ...word, text: `${word.text} for ${span(now - wordsSince(server))}` }],
    ['desired state', state === 'watched' || (desired === 'up') === (state === 'running') ? null : desired],
    ['now', note],
    ['next attempt', nextAttemptAt === null ? null : `in ${span(nextAttemptAt - now)}`],
    ['health', healthCell(server)],
    ['last miss', describeHealth(server.health)],
    ...Object.values(server.conditions).map((text): Fact => ['remark', { text, style: 'yellow' }]),
    ...versions(server, now),
    ['url', server.url],
    ['pid', pid === null ? null : String(pid)],
    ['uptime', startedAt === null ? null : uptime(now - startedAt)],
  ];
}

function versions(server: ServerStatus, now: number): Fact[] {
  const cure = `, take it with mcp-watchdog update ${server.name}`;
  return [
    ['version', versionOf(server)],
    ...updateFacts(server, now).map(({ label, text, isNotable }): Fact => {
      const told = label === 'available' ? text + cure : text;
      return [label, isNotable ? { text: told, style: 'yellow' } : told];
    }),
  ];
}

function versionOf({ version, handshake, package: name }: ServerStatus): string | null {
  const own = [name, version].filter((part) => part !== null).join(' ');
  const told = handshake === null ? null : `speaks MCP ${handshake.protocolVersion}`;
  return [own, told].filter((part) => part !== null && part !== '').join(', ');
}

function work(server: ServerStatus, now: number): Fact[] {
  const { usage, limits, tools, startedAt } = server;
  const probe = latestProbe(server);
  const took = probe?.took ?? null;
  const isOlder = probe !== null && startedAt !== null && probe.at < startedAt;
  return [
    ['cpu', usage?.cpuCores == null ? null : `${cpu(usage.cpuCores)} of a core${upTo(limits.cpu, cpu)}`],
    ['memory', usage === null ? null : `${memoryOf(usage)}${upTo(limits.memory, size)}`],
    ['memory note', usage && memoryGap(usage)],
    ['processes', usage === null ? null : countsOf(usage)],
    ['nice', limits.nice === 0 ? null : String(limits.nice)],
    ...overLimits(server).map((text): Fact => ['over limit', { text, style: 'yellow' }]),
    ['tools', tools === null ? null : String(tools)],
    [
      'last probe',
      probe === null
        ? null
        : `${took === null ? 'failed' : latency(took)}, ${ago(probe.at, now)}${isOlder ? ', of the process before' : ''}`,
    ],
  ];
}

/** `, limit 1 GiB, restarts above 2 GiB`. */
function upTo(
  { soft, hard }: { soft: number | null; hard: number | null },
  write: (value: number) => string,
): string {
  const tells = soft === null ? '' : `, limit ${write(soft)}`;
  return hard === null ? tells : `${tells}, restarts above ${write(hard)}`;
}

function memoryOf(usage: TreeUsage): string {
  const resident = size(usage.residentBytes);
  const isResident = (usage.footprintBytes ?? usage.proportionalBytes) === null;
  return isResident ? resident : `${size(usedMemory(usage))} (${resident} resident)`;
}

/** Says which processes count with all the pages that they share, because the system does not let us see more. */
function memoryGap({ processes, unreadableProcesses: unreadable = 0 }: TreeUsage): string | null {
  if (unreadable === 0) return null;
  const which = unreadable >= processes ? 'all processes' : `${unreadable} of ${processes} processes`;
  return `${which} count with all that they share: their memory map cannot be read by this user`;
}

function countsOf({ processes, threads, openFds }: TreeUsage): string {
  const others = [
    ...(threads === null ? [] : [`${threads} threads`]),
    ...(openFds === null ? [] : [`${openFds} open files`]),
  ];
  return [processes, ...others].join(', ');
}

function describeBudget({ budgetRemaining: remaining, state }: ServerStatus): string {
  // Its oldest failures may be out of the window by now: that gives it no more attempts.
  if (state === 'crash_looping') return 'spent: it counts as crash looping';
  if (remaining === UNLIMITED_ENDS) return 'none: it is restarted for ever';
  return `${remaining} more before it counts as crash looping`;
}

function history(server: ServerStatus, now: number): Fact[] {
  const { restarts, lastRestart, lastExit, lastFailure, startFailures, state } = server;
  const counts = RESTART_REASONS.filter((reason) => restarts[reason] > 0).map(
    (reason) => `${reason} ${restarts[reason]}`,
  );
  const total = restartsOf(server);
  return [
    ...(state === 'watched'
      ? []
      : ([
          ['restarts', total === 0 ? '0' : `${total} (${counts.join(', ')})`],
          ['budget', describeBudget(server)],
        ] as const)),
    [
      'last restart',
      lastRestart === null ? null : `${ago(lastRestart.at, now)}: ${describeRestart(lastRestart)}`,
    ],
    ['last exit', lastExit === null ? null : `${ago(lastExit.at, now)}: ${describeLastExit(server)}`],
    ['failed starts', startFailures === 0 ? null : String(startFailures)],
    [
      'last failure',
      lastFailure === null
        ? null
        : { text: `${ago(lastFailure.at, now)}: ${describeLastFailure(server)}`, style: 'red' },
    ],
    ['hint', cureFor(server, now)],
  ];
}

/** ms after an exit in which the last output still explains why the server was restarted. */
const OUTPUT_RELEVANCE = 60 * 60 * 1000;

function lastLines(
  { lastLines, state, lastExit }: ServerStatus,
  { width, colour, now }: ViewOptions,
): string[] {
  const isOld = state === 'running' && now - (lastExit?.at ?? 0) > OUTPUT_RELEVANCE;
  if (lastLines.length === 0 || isOld) return [];
  const lines = lastLines.map((line) => paint(fit(`  ${neutralise(line)}`, width), 'dim', colour));
  return ['', state === 'running' ? 'Last output before its last exit:' : 'Last output:', ...lines];
}
