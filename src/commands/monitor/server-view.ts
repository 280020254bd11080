// One server in the live view: facts, curves, tools and clients, and the tail of its log.
import { neutralise } from '../../core/base/text.ts';
import { span, uptime } from '../../core/base/format.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { statusSummary } from '../../core/status/health-summary.ts';
import { groupIn, troublesOf } from '../../core/status/troubles.ts';
import { versionColumn } from '../../core/update/update-text.ts';
import { fit, middle, pad, paint, timeOfDay, widthOf, wrap } from '../views/style.ts';
import { type Facts, type Model, shownServers } from './model.ts';
import { connectLines } from './connect-view.ts';
import type { Room } from './list-view.ts';
import { lastLogOffset, logLines } from './log-view.ts';
import { trafficLines } from './traffic-view.ts';
import { updateLine } from './update-line.ts';
import {
  GROUP_STYLES,
  heartbeat,
  memoryOf,
  retryText,
  shortSize,
  shortTime,
  sparkline,
  stateText,
} from './words.ts';

interface Height {
  readonly rows: number;
}

/** Writes at most `rows` lines: what is less important than the log leaves first. */
export function serverLines(model: Model, facts: Facts, size: Room & Height): string[] {
  const upper = upperLines(model, facts, size);
  const rows = size.rows - upper.length;
  const lower =
    model.screen === 'connect'
      ? connectLines(model, facts, { ...size, rows })
      : logLines(model, facts, { ...size, rows });
  return [...upper, ...(serverOf(model, facts) === undefined ? [] : lower)].slice(0, size.rows);
}

/** Returns how far the log of the open server can be scrolled back. */
export function lastOffsetOfLog(model: Model, facts: Facts, size: Room & Height): number {
  return lastLogOffset(model, facts, size.rows - upperLines(model, facts, size).length);
}

function serverOf(model: Model, { status }: Facts): ServerStatus | undefined {
  return shownServers(model, status).find(({ name }) => name === model.selected);
}

/** What stands above the log, or above the snippets. */
function upperLines(model: Model, facts: Facts, { rows, ...room }: Room & Height): string[] {
  const servers = shownServers(model, facts.status);
  const server = serverOf(model, facts);
  if (server === undefined) return ['This server is not in the config any more'];
  const place = `${servers.indexOf(server) + 1}/${servers.length}`;
  const top = [titleLine(server, facts, room, place)];
  if (model.screen !== 'server') return top;
  const parts = [...top, ...factLines(server, facts, room)];
  const curves = curveLines(server, facts, { ...room, isTall: rows >= 36 });
  const events = eventLines(server, facts, room, rows >= 36 ? 6 : 2);
  const traffic = trafficLines(server, facts, room, rows >= 36 ? 12 : 3);
  // The log keeps six lines at least.
  const upper = [parts, curves, events, traffic].reduce<string[]>(
    (lines, more) => (lines.length + more.length + 6 <= rows ? [...lines, ...more] : lines),
    [],
  );
  return upper.length === 0 ? parts.slice(0, Math.max(1, rows - 2)) : upper;
}

function titleLine(
  server: ServerStatus,
  { status, now }: Facts,
  { width, colour, signs }: Room,
  place: string,
): string {
  const group = groupIn(status, server, now);
  const state = `${signs.marks[group]} ${stateText(server, now)}`;
  const end = width >= 60 ? `${place}  [ ] next` : place;
  const room = Math.max(4, width - widthOf(state) - widthOf(end) - 6);
  const name = middle(server.name, room);
  const gap = ' '.repeat(Math.max(1, width - 2 - widthOf(name) - 2 - widthOf(state) - widthOf(end)));
  const text = `${signs.back} ${paint(name, 'bold', colour)}  ${paint(state, GROUP_STYLES[group], colour)}`;
  const length = 2 + widthOf(name) + 2 + widthOf(state);
  return length + gap.length + widthOf(end) <= width ? text + gap + end : text;
}

function factLines(server: ServerStatus, facts: Facts, { width, colour, signs }: Room): string[] {
  const { status, now, view } = facts;
  const { pid, startedAt, transport, update } = server;
  const cells = [
    [server.package ?? '', versionColumn(server)].filter((text) => text !== '').join(' '),
    transport,
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(startedAt === null ? [] : [`up ${uptime(now - startedAt)}`]),
    ...(server.state === 'watched' ? [] : [restartsText(server, facts)]),
  ].filter((text) => text !== '');
  const trouble = troublesOf(status, now).find(({ about }) => about === server.name);
  const reason = neutralise(trouble?.root ?? statusSummary(server, now));
  const next = retryText(server, now);
  const cure = trouble?.cure ?? null;
  const progress = updateLine(update, { now, width, signs });
  const misses = missesText(view.misses[server.name], now);
  const why = withNext(wrap(reason, width, 2), next, width);
  const help = cure === null ? [] : wrap(`${signs.arrow} ${neutralise(cure)}`, width, 2);
  const style = GROUP_STYLES[groupIn(status, server, now)];
  return [
    ...packed(cells, width),
    ...why.map((line) => paint(line, style, colour)),
    ...(misses === null ? [] : wrap(misses, width, 2)),
    ...help,
    ...(progress === null ? [] : [paint(progress, 'cyan', colour)]),
  ];
}

/** Puts as many facts into a line as fit, into two lines at most. */
function packed(cells: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const last = lines.at(-1);
    const joined = last === undefined ? cell : `${last}   ${cell}`;
    if (last !== undefined && widthOf(joined) > width && lines.length < 2) lines.push(cell);
    else lines[Math.max(0, lines.length - 1)] = joined;
  }
  return lines.map((line) => fit(line, width));
}

/** `restarts 2 today, 5 ever`: of the last 24 hours, and all that are counted; both of one answer. */
function restartsText(server: ServerStatus, { view }: Facts): string {
  const ever = view.restartsEver[server.name] ?? 0;
  return ever === 0 ? 'no restarts' : `restarts ${view.restarts[server.name] ?? 0} today, ${ever} ever`;
}

const COUNTS = ['no', 'one', 'two', 'three', 'four', 'five'];

/** `one more miss and it is restarted, in about 20 s`; null for a server that missed none. */
function missesText(misses: Facts['view']['misses'][string] | undefined, now: number): string | null {
  if (misses === undefined) return null;
  const { left, restarts, until } = misses;
  const what = `${COUNTS[left] ?? left} more ${left === 1 ? 'miss' : 'misses'} and it ${restarts ? 'is restarted' : 'counts as down'}`;
  return until - now < 1000 ? what : `${what}, in about ${span(until - now)}`;
}

/** Puts the time of the next attempt at the end of the last line, or below it. */
function withNext(lines: readonly string[], next: string, width: number): readonly string[] {
  const last = lines.at(-1) ?? '';
  if (next === '') return lines;
  if (last === '' || widthOf(last) + widthOf(next) + 3 > width) return [...lines, next];
  return [...lines.slice(0, -1), `${last}   ${next}`];
}

const LABEL = 8;
/** Cores that the CPU's curve is as tall as at least. */
const LEAST_CPU = 0.1;
/** Columns of the number after a curve. */
const NUMBER = 12;

function curveLines(
  server: ServerStatus,
  { view, curves, now }: Facts,
  { width, colour, signs, isTall }: Room & { readonly isTall: boolean },
): string[] {
  const cells = Math.max(10, Math.min(72, width - LABEL - NUMBER));
  const line = (label: string, drawn: string, value: string | null): string =>
    paint(pad(` ${label}`, LABEL), 'dim', colour) + fit(`${drawn}  ${value ?? ''}`.trimEnd(), width - LABEL);
  const { limits } = server;
  const limit = limits.memory.hard ?? limits.memory.soft;
  const last = (values: readonly (number | null)[]): number | null =>
    values.findLast((one) => one !== null) ?? null;
  const p95 = curves === null ? null : last(curves.p95);
  const cpu = server.usage?.cpuCores ?? null;
  const memory = memoryOf(server);
  return [
    line('state', heartbeat(view.beats[server.name] ?? '', cells, signs), null),
    ...(isTall ? [line('', hoursBelow(cells, now), null)] : []),
    ...(curves === null
      ? []
      : [
          line(
            'memory',
            sparkline(curves.memory, cells, signs),
            memory === null || limit === null ? memory : `${memory}/${shortSize(limit)}`,
          ),
          line('p95', sparkline(curves.p95, cells, signs), p95 === null ? signs.none : shortTime(p95)),
          line(
            'cpu',
            sparkline(curves.cpu, cells, signs, LEAST_CPU),
            cpu === null ? signs.none : `${Math.round(cpu * 100)}%`,
          ),
        ]),
  ];
}

const HOUR = 3_600_000;

/** Writes the full hours of the last six below the state, each where it began. */
function hoursBelow(cells: number, now: number): string {
  const start = now - 6 * HOUR;
  // A local hour begins where the local minutes are 0: some zones are half an hour off.
  const first = new Date(start).setMinutes(60, 0, 0);
  let text = '';
  for (let at = first; at < now; at += HOUR) {
    const cell = Math.floor(((at - start) / (6 * HOUR)) * cells);
    const label = timeOfDay(at).slice(0, 5);
    if (cell >= text.length + (text === '' ? 0 : 1) && cell + label.length <= cells)
      text = text.padEnd(cell) + label;
  }
  return text;
}

function eventLines(server: ServerStatus, { view }: Facts, { width, colour }: Room, most: number): string[] {
  return view.events
    .filter((event) => event.server === server.name)
    .slice(0, most)
    .map(({ at, text, count }) =>
      paint(
        fit(` ${timeOfDay(at).slice(0, 5)} ${neutralise(text)}${count > 1 ? `, ${count} times` : ''}`, width),
        'dim',
        colour,
      ),
    );
}
