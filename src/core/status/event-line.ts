// One-line texts of the events that are worth a line for people.
import { describeToolChanges } from '../gateway/tool-definitions.ts';
import { type EventHandlers, type EventOf, handleEvent, type WatchdogEvent } from '../model/events.ts';
import { describeCause } from '../base/cause.ts';
import { neutralise } from '../base/text.ts';
import { describeLastUpdate, describePhase, versionText } from '../update/update-text.ts';
import { describeEnd } from '../lifecycle/end-text.ts';
import { describeHealth, nextAttempt, describeRestart } from './health-summary.ts';
import { cpu, latency, length, size } from '../base/format.ts';
import { describeDelivery } from '../delivery/delivery.ts';

/** How a line is coloured on a terminal. */
type Style = 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Writes the line of an event; null for one that the table shows anyway. */
export function eventLine(event: WatchdogEvent): Cell | null {
  const cell = handleEvent(LINES, event);
  if (cell === null) return null;
  const text = 'server' in event ? `${event.server}: ${cell.text}` : cell.text;
  return { ...cell, text: neutralise(text) };
}

// The exit itself had its own line a moment before.
function ofFailure({ failure }: EventOf<'start-failed'>): Cell | null {
  if (failure.code === 'EXITED_BEFORE_READY') return null;
  const { cause, message, quote, hint } = failure;
  const why = describeCause({ cause: cause ?? message, quote: quote ?? null });
  return line(hint === null ? why : `${why} (${hint})`, 'red');
}

function ofTransition({ from, to, nextAttemptAt, at }: EventOf<'transition'>): Cell | null {
  if (from.phase === to.phase) return null;
  if (to.phase === 'running') return line('ready', 'green');
  if (to.phase === 'stopped') return line('stopped', 'dim');
  if (to.phase === 'needs_attention')
    return line(`needs your attention, ${nextAttempt(nextAttemptAt, at)}`, 'red');
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

function ofAction({ about, action, by, detail }: EventOf<'acted'>): Cell {
  const whose = about === null ? '' : `${about}: `;
  return line(`${whose}${action} was asked for by the ${by}${detail === null ? '' : ` (${detail})`}`, 'dim');
}

const nothing = (): null => null;
const configured = ({ kind }: EventOf<'server-added' | 'server-changed' | 'server-removed'>): Cell =>
  line(`${kind.slice('server-'.length)} by the config`, 'dim');

const LINES: EventHandlers<Cell | null> = {
  'server-added': configured,
  'server-changed': configured,
  'server-removed': configured,
  transition: ofTransition,
  spawned: ({ version, pid }) => line(`started${version === null ? '' : ` ${version}`}, pid ${pid}`),
  exited: (event) => line(describeCause({ cause: describeEnd(event), quote: event.quote ?? null }), 'yellow'),
  restarted: (event) => line(`restarted because of ${describeRestart(event)}`, 'yellow'),
  'start-failed': ofFailure,
  waiting: ({ on }) => (on.length === 0 ? null : line(`waits for ${on.join(', ')}`, 'dim')),
  'install-progress': (event) => line(event.line, 'dim'),
  installed: ({ package: name, version, took }) =>
    line(`installed ${name} ${version} in ${latency(took)}`, 'green'),
  'using-installed': ({ version, why }) => line(`uses ${version}, which is installed: ${why}`, 'yellow'),
  handshake: nothing,
  probed: nothing,
  health: ({ health }) =>
    health.up === false ? line(`down: ${describeHealth(health) ?? 'does not answer'}`, 'red') : null,
  condition: ({ message }) => (message === null ? null : line(message, 'yellow')),
  sampled: nothing,
  exchanged: nothing,
  'client-refused': nothing,
  gateway({ url, troubles }) {
    const [trouble] = troubles;
    if (trouble !== undefined) return line(`Gateway: ${trouble.message}`, 'yellow');
    return url === null ? null : line(`Gateway on ${url}`, 'dim');
  },
  'tools-changed': ({ changes, byUpdate }) =>
    byUpdate !== undefined
      ? line(`its update to ${versionText(byUpdate)} changed tools: ${describeToolChanges(changes)}`, 'dim')
      : changes.length === 0
        ? null
        : line(`says something else of its tools than before: ${describeToolChanges(changes)}`, 'yellow'),
  limit: ofLimit,
  'log-dropped': ({ lines, bytes }) =>
    line(`prints too much: ${lines} lines (${size(bytes)}) were not kept`, 'yellow'),
  reaped: ({ pid, why }) => line(`ended pid ${pid}, left by an earlier daemon: ${why}`, 'yellow'),
  'update-checked': ({ outlook: { candidate } }) =>
    candidate === null ? null : line(`could be updated to ${versionText(candidate)}`, 'cyan'),
  'update-moved': ({ progress }) =>
    line(describePhase(progress), progress.phase === 'rolling_back' ? 'red' : 'cyan'),
  'update-settled': ({ memory: { last }, isNews, at }) =>
    isNews && last !== null
      ? line(describeLastUpdate(last, at), last.result === 'committed' ? 'green' : 'red')
      : null,
  listening: ({ url }) => line(`Listening on ${url}`, 'dim'),
  'config-loaded': ({ ok, error }) =>
    ok ? null : line(`The config was refused, the old one stays in force: ${error ?? ''}`, 'red'),
  gap: (gap) => line(describeGap(gap), 'dim'),
  brake: ({ failing }) =>
    failing === 0 ? null : line('All servers fail at once: restarts for failed probes are on hold', 'yellow'),
  'state-persist-failed': ({ error, isNew }) =>
    isNew ? line(`Cannot save the state: ${error}`, 'red') : null,
  'state-persisted': () => line('The state is saved again', 'green'),
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
  recorded: nothing,
  delivery: ({ owner, wasOwner, reasons }) =>
    owner === wasOwner ? null : line(describeDelivery({ owner, reasons }), 'dim'),
  engine: nothing,
  acted: ofAction,
  orphans: nothing,
  scraped: nothing,
  ticked: nothing,
};

/** `The machine slept for 3 h`, `The clock was set back by 2 h`. */
export function describeGap({ cause, duration }: EventOf<'gap'>): string {
  switch (cause) {
    case 'sleep':
      return `The machine slept for ${length(duration)}`;
    case 'blocked':
      return `The watchdog itself was blocked for ${length(duration)}`;
    case 'clock-step':
      return `The clock was set ${duration < 0 ? 'back' : 'forward'} by ${length(Math.abs(duration))}`;
    default:
      return cause satisfies never;
  }
}

function line(text: string, style?: Style): Cell {
  return style === undefined ? { text } : { text, style };
}
