// One server in the live view: facts, curves, tools and clients, and the tail of its log.
import { neutralise } from '../../core/base/text.ts';
import { uptime } from '../../core/base/format.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { restartsOf, statusSummary } from '../../core/status/health-summary.ts';
import { groupIn, troublesOf } from '../../core/status/troubles.ts';
import { describeProgress, versionColumn } from '../../core/update/update-text.ts';
import { fit, middle, pad, paint, type Style, timeOfDay, widthOf } from '../views/style.ts';
import { type Facts, type LogLine, type Model, shownServers } from './model.ts';
import { connectLines } from './connect-view.ts';
import { type Room, wrap } from './list-view.ts';
import {
  GROUP_STYLES,
  heartbeat,
  memoryOf,
  retryText,
  shortSize,
  shortTime,
  short,
  sparkline,
  stateText,
} from './words.ts';

/** Writes at most `rows` lines: what is less important than the log leaves first. */
export function serverLines(
  model: Model,
  facts: Facts,
  { rows, ...room }: Room & { readonly rows: number },
): string[] {
  const servers = shownServers(model, facts.status);
  const index = servers.findIndex(({ name }) => name === model.selected);
  const server = servers[index];
  if (server === undefined) return ['This server is not in the config any more'];
  const top = [titleLine(server, facts, room, `${index + 1}/${servers.length}`)];
  if (model.screen === 'log')
    return [...top, ...logLines(model, facts, { ...room, rows: rows - top.length })];
  if (model.screen === 'connect')
    return [...top, ...connectLines(model, facts, { ...room, rows: rows - top.length })];
  const parts = [...top, ...factLines(server, facts, room)];
  const curves = curveLines(server, facts, { ...room, isTall: rows >= 36 });
  const events = eventLines(server, facts, room, rows >= 36 ? 6 : 2);
  const traffic = trafficLines(facts, room, rows >= 36 ? 12 : 3);
  // The log keeps six lines at least.
  const upper = [parts, curves, traffic, events].reduce<string[]>(
    (lines, more) => (lines.length + more.length + 6 <= rows ? [...lines, ...more] : lines),
    [],
  );
  const shown = upper.length === 0 ? parts.slice(0, Math.max(1, rows - 2)) : upper;
  return [...shown, ...logLines(model, facts, { ...room, rows: rows - shown.length })].slice(0, rows);
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

function factLines(server: ServerStatus, { status, now }: Facts, { width, colour, signs }: Room): string[] {
  const { pid, startedAt, transport, update } = server;
  const facts = [
    [server.package ?? '', versionColumn(server)].filter((text) => text !== '').join(' '),
    transport,
    ...(pid === null ? [] : [`pid ${pid}`]),
    ...(startedAt === null ? [] : [`up ${uptime(now - startedAt)}`]),
    ...(server.state === 'watched' ? [] : [`restarts ${restartsOf(server)}`]),
  ].filter((text) => text !== '');
  const trouble = troublesOf(status, now).find(({ about }) => about === server.name);
  const reason = neutralise(trouble?.root ?? statusSummary(server, now));
  const next = retryText(server, now);
  const cure = trouble?.cure ?? null;
  const progress = describeProgress(update, now);
  const why = withNext(wrap(reason, width, 2), next, width);
  const help = cure === null ? [] : wrap(`${signs.arrow} ${neutralise(cure)}`, width, 2);
  const style = GROUP_STYLES[groupIn(status, server, now)];
  return [
    fit(facts.join('   '), width),
    ...why.map((line) => paint(line, style, colour)),
    ...help,
    ...(progress === null ? [] : [paint(fit(neutralise(progress), width), 'cyan', colour)]),
  ];
}

/** Puts the time of the next attempt at the end of the last line, or below it. */
function withNext(lines: readonly string[], next: string, width: number): readonly string[] {
  const last = lines.at(-1) ?? '';
  if (next === '') return lines;
  if (last === '' || widthOf(last) + widthOf(next) + 3 > width) return [...lines, next];
  return [...lines.slice(0, -1), `${last}   ${next}`];
}

const LABEL = 8;
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
            sparkline(curves.cpu, cells, signs),
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
        fit(` ${timeOfDay(at)} ${neutralise(text)}${count > 1 ? `, ${count} times` : ''}`, width),
        'dim',
        colour,
      ),
    );
}

function trafficLines({ traffic, now }: Facts, { width, colour, signs }: Room, most: number): string[] {
  if (traffic === null || traffic.load === null) return [];
  const { sessions, inFlight, queued } = traffic.load;
  const head = `CLIENTS ${sessions}, in flight ${inFlight}, queued ${queued}`;
  const clients = traffic.clients
    .slice(0, 3)
    .map(({ client, lastAt }) => `${neutralise(client ?? 'unnamed')} ${short(now - lastAt)}`);
  const who = clients.length === 0 ? '' : `: ${clients.join(', ')}`;
  const name = Math.max(12, Math.min(40, width - 30));
  const tools = traffic.tools.slice(0, most).map(({ tool, calls, errors, p95 }) => {
    const share = calls === 0 ? signs.none : `${((errors / calls) * 100).toFixed(1)}%`;
    const cells = [
      pad(middle(neutralise(tool), name), name),
      pad(String(calls), 6, 'left'),
      pad(share, 7, 'left'),
      pad(shortTime(p95), 6, 'left'),
    ];
    return fit(cells.join(' '), width);
  });
  const titles = [
    pad(`TOOL (${traffic.tools.length})`, name),
    pad('CALLS', 6, 'left'),
    pad('ERRORS', 7, 'left'),
    pad('P95', 6, 'left'),
  ];
  return [
    paint(fit(head + who, width), 'dim', colour),
    ...(tools.length === 0 ? [] : [paint(fit(titles.join(' '), width), 'dim', colour), ...tools]),
  ];
}

const STREAMS: Readonly<Record<string, Style>> = { watchdog: 'cyan', stderr: 'dim' };

function logLines(
  model: Model,
  { log }: Facts,
  { rows, width, colour, signs }: Room & { readonly rows: number },
): string[] {
  const { filter, isHeld } = model;
  const words = [
    'log',
    isHeld ? 'held: space goes on' : 'following',
    filter === '' ? '/ filters' : `filter: ${filter}`,
  ];
  const title = `${signs.rule} ${words.join(` ${signs.rule} `)} `;
  const head = paint(
    fit(title + signs.rule.repeat(Math.max(0, width - widthOf(title))), width),
    'dim',
    colour,
  );
  const wanted =
    filter === '' ? log : log.filter(({ text }) => text.toLowerCase().includes(filter.toLowerCase()));
  const shown = wanted.slice(-Math.max(0, rows - 1)).map((line) => logLine(line, width, colour));
  const empty = log.length === 0 ? 'It has printed nothing yet' : 'No line has that text';
  return [head, ...(shown.length === 0 ? [paint(empty, 'dim', colour)] : shown)].slice(0, Math.max(0, rows));
}

function logLine({ at, stream, text }: LogLine, width: number, colour: boolean): string {
  const time = at === null ? ' '.repeat(8) : timeOfDay(at);
  const label = width >= 60 ? `${time} ${pad(stream, 8)} ` : `${time} `;
  return (
    label +
    paint(fit(text.replaceAll('\t', '    '), Math.max(0, width - label.length)), STREAMS[stream], colour)
  );
}
