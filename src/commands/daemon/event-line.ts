// One-line texts of the events that are worth a line above the live view.
import type { EventOf, WatchdogEvent } from '../../core/model/events.ts';
import { neutralise } from '../../core/base/text.ts';
import { describeLastUpdate, describePhase, versionText } from '../../core/update/update-text.ts';
import { describeEnd, nextAttempt, describeRestart } from '../../core/status/health-summary.ts';
import { cpu, latency, size, span } from '../../core/base/format.ts';
import { describeDelivery } from '../../core/delivery/delivery.ts';
import type { Cell, Style } from '../views/style.ts';

/** Writes the line of an event; null for one that the table shows anyway. */
export function eventLine(event: WatchdogEvent): Cell | null {
  const cell = 'server' in event ? ofServer(event) : ofDaemon(event);
  if (cell === null) return null;
  const text = 'server' in event ? `${event.server}: ${cell.text}` : cell.text;
  return { ...cell, text: neutralise(text) };
}

function ofServer(event: Extract<WatchdogEvent, { server: string }>): Cell | null {
  switch (event.kind) {
    case 'install-progress':
      return line(event.line, 'dim');
    case 'installed':
      return line(`installed ${event.package} ${event.version} in ${latency(event.took)}`, 'green');
    case 'using-installed':
      return line(`uses ${event.version}, which is installed: ${event.why}`, 'yellow');
    case 'spawned':
      return line(`started${event.version === null ? '' : ` ${event.version}`}, pid ${event.pid}`);
    case 'exited':
      return line(describeEnd(event), 'yellow');
    case 'restarted':
      return line(`restarted because of ${describeRestart(event)}`, 'yellow');
    case 'start-failed':
      return ofFailure(event);
    case 'transition':
      return ofTransition(event);
    default:
      return ofObservation(event);
  }
}

// The exit itself had its own line a moment before.
function ofFailure({ failure }: EventOf<'start-failed'>): Cell | null {
  if (failure.code === 'EXITED_BEFORE_READY') return null;
  return line(failure.hint === null ? failure.message : `${failure.message} (${failure.hint})`, 'red');
}

function ofObservation(event: Extract<WatchdogEvent, { server: string }>): Cell | null {
  switch (event.kind) {
    case 'server-added':
    case 'server-changed':
    case 'server-removed':
      return line(`${event.kind.slice('server-'.length)} by the config`, 'dim');
    case 'health':
      return event.health.up === false
        ? line(`down: ${event.health.detail ?? 'does not answer'}`, 'red')
        : null;
    case 'limit':
      return ofLimit(event);
    case 'log-dropped':
      return line(`prints too much: ${event.lines} lines (${size(event.bytes)}) were not kept`, 'yellow');
    case 'waiting':
      return event.on.length === 0 ? null : line(`waits for ${event.on.join(', ')}`, 'dim');
    case 'reaped':
      return line(`ended pid ${event.pid}, left by an earlier daemon: ${event.why}`, 'yellow');
    default:
      return ofUpdate(event);
  }
}

function ofUpdate(event: Extract<WatchdogEvent, { server: string }>): Cell | null {
  switch (event.kind) {
    case 'update-checked': {
      const { candidate } = event.outlook;
      return candidate === null ? null : line(`could be updated to ${versionText(candidate)}`, 'cyan');
    }
    case 'update-moved':
      return line(describePhase(event.progress), event.progress.phase === 'rolling_back' ? 'red' : 'cyan');
    case 'update-settled': {
      const { last } = event.memory;
      if (!event.isNews || last === null) return null;
      return line(describeLastUpdate(last, event.at), last.result === 'committed' ? 'green' : 'red');
    }
    default:
      return null;
  }
}

function ofTransition({ from, to, nextAttemptAt, at }: EventOf<'transition'>): Cell | null {
  if (from.phase === to.phase) return null;
  if (to.phase === 'running') return line('ready', 'green');
  if (to.phase === 'stopped') return line('stopped', 'dim');
  if (to.phase !== 'crash_looping') return null;
  return line(`fails again and again, ${nextAttempt(nextAttemptAt, at)}`, 'red');
}

function ofLimit({ resource, level, value, limit }: EventOf<'limit'>): Cell | null {
  if (level === 'ok') return null;
  const write = resource === 'memory' ? size : cpu;
  const name = resource === 'memory' ? 'memory' : 'CPU';
  return line(
    `${name} ${write(value)} is over the ${level} limit of ${write(limit)}`,
    level === 'hard' ? 'red' : 'yellow',
  );
}

type DaemonEvent = Exclude<WatchdogEvent, { server: string }>;
type DaemonLines = { readonly [Kind in DaemonEvent['kind']]: (event: EventOf<Kind>) => Cell | null };

function ofDaemon(event: DaemonEvent): Cell | null {
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- by its kind it is the right one; the compiler does not follow that through a table
  const write = OF_DAEMON[event.kind] as (one: DaemonEvent) => Cell | null;
  return write(event);
}

const nothing = (): null => null;

const OF_DAEMON: DaemonLines = {
  listening: ({ url }) => line(`Listening on ${url}`, 'dim'),
  'config-loaded': ({ ok, error }) =>
    ok ? null : line(`The config was refused, the old one stays in force: ${error ?? ''}`, 'red'),
  gap: ({ cause, duration }) => line(`${GAPS[cause]} for ${span(duration)}`, 'dim'),
  brake: ({ failing }) =>
    failing === 0 ? null : line('All servers fail at once: restarts for failed probes are on hold', 'yellow'),
  'state-persist-failed': ({ error }) => line(`Cannot save the state: ${error}`, 'red'),
  collected: ({ collector, error }) =>
    error === null ? null : line(`Cannot collect ${collector}: ${error}`, 'yellow'),
  'orphan-reaped': ({ pid, command }) =>
    line(`Ended pid ${pid}, an MCP server without an owner: ${command}`, 'yellow'),
  job: ({ job, said, error }) =>
    error === null ? line(`${job}: ${said}`, 'dim') : line(`Cannot do the ${job}: ${error}`, 'red'),
  notified: ({ channel, result, detail, reason }) =>
    result === 'failed' ? line(`Cannot notify by ${channel}: ${detail ?? reason ?? ''}`, 'yellow') : null,
  // Its cause had its own line when it happened.
  alert: nothing,
  evaluated: nothing,
  delivery: ({ owner, wasOwner, reasons }) =>
    owner === wasOwner ? null : line(describeDelivery({ owner, reasons }), 'dim'),
  engine: nothing,
  orphans: nothing,
  scraped: nothing,
  ticked: nothing,
};

const GAPS: Readonly<Record<EventOf<'gap'>['cause'], string>> = {
  sleep: 'The machine slept',
  blocked: 'The watchdog itself was blocked',
  'clock-step': 'The clock was set, by or',
};

function line(text: string, style?: Style): Cell {
  return style === undefined ? { text } : { text, style };
}
