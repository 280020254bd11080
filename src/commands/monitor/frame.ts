// Whole picture of the live view: header, the list or one server, news, and what the keys do.
import { neutralise } from '../../core/base/text.ts';
import {
  countTroubles,
  groupIn,
  orderOf,
  type TroubleCounts,
  troublesOf,
} from '../../core/status/troubles.ts';
import type { ShownEvent } from '../../core/status/shown-event.ts';
import type { OperatorAction } from '../../core/model/vocabulary.ts';
import { isStarting } from '../../core/status/health-summary.ts';
import { fit, middle, pad, paint, type Style, timeOfDay, widthOf } from '../views/style.ts';
import { type Facts, type Model, shownServers } from './model.ts';
import { countSnippets } from './connect-view.ts';
import { callsText, listLines, type Room } from './list-view.ts';
import { lastOffsetOfLog, serverLines } from './server-view.ts';
import { GROUP_STYLES, short } from './words.ts';

export interface FrameSize extends Room {
  readonly rows: number;
}

/** Below these, one line says what is wrong, and as many servers follow as there are lines. */
const MIN_WIDTH = 30;
const MIN_ROWS = 6;

/** Writes exactly `rows` lines, none wider than `width`. */
export function frame(model: Model, facts: Facts, size: FrameSize): string[] {
  const lines = picture(model, facts, size);
  return size.signs.isAscii
    ? lines.map((line) => line.replaceAll(/[“”…’]/gu, (sign) => ASCII[sign] ?? '?'))
    : lines;
}

/** Our own signs that a terminal without UTF-8 does not show; each takes one column as before. */
const ASCII: Readonly<Record<string, string>> = { '“': '"', '”': '"', '…': '~', '’': "'" };

function picture(model: Model, facts: Facts, size: FrameSize): string[] {
  const { rows, width } = size;
  if (width < MIN_WIDTH || rows < MIN_ROWS)
    return filled([tinyLine(facts, size), ...tinyList(model, facts, size)], rows);
  const foot = footLines(model, facts, size);
  const header = headerLine(model, facts, size);
  const room = rows - foot.length - 1;
  const body = bodyLines(model, facts, { ...size, rows: room });
  const lines = [header, ...filled(body.slice(0, room), room), ...foot];
  return facts.lostAt === null || !size.colour
    ? lines
    : [header, ...lines.slice(1).map((line) => dimmed(line))];
}

// eslint-disable-next-line no-control-regex -- colours of what is dimmed
const COLOURS = /\u001B\[[\d;]*m/gu;

/** What is no longer true is shown as it was, and dimmed. */
function dimmed(line: string): string {
  return paint(line.replaceAll(COLOURS, ''), 'dim', true);
}

function filled(lines: readonly string[], rows: number): string[] {
  return [...lines, ...Array.from({ length: Math.max(0, rows - lines.length) }, () => '')].slice(0, rows);
}

function tinyLine(facts: Facts, { width, signs, colour }: FrameSize): string {
  if (facts.lostAt !== null) return paint(fit(`gone since ${timeOfDay(facts.lostAt)}`, width), 'red', colour);
  const counts = countTroubles(facts.status, facts.now);
  if (counts.needs_you === 0) {
    const cells = countCells(counts, signs.marks, counts.handled === 0 || counts.healthy === 0);
    return paint(
      fit(cells.map(([text]) => text).join(' '), width),
      counts.handled === 0 ? 'green' : undefined,
      colour,
    );
  }
  const names = troublesOf(facts.status, facts.now).flatMap(({ group, about }) =>
    group === 'needs_you' ? [about ?? 'the watchdog'] : [],
  );
  const text = `${signs.marks.needs_you} ${needYou(counts)}: ${names.join(', ')}`;
  return paint(fit(text, width), 'red', colour);
}

/** Mark and name of each server that the filter lets through, the worst first. */
function tinyList(
  { filter, screen }: Model,
  { status, now }: Facts,
  { width, signs, colour }: FrameSize,
): string[] {
  const wanted = screen === 'list' ? filter.toLowerCase() : '';
  const servers = orderOf(status, now).filter(({ name }) => name.includes(wanted));
  return servers.map((server) => {
    const group = groupIn(status, server, now);
    const mark = paint(signs.marks[group], GROUP_STYLES[group], colour);
    return width < 3 ? '' : `${mark} ${middle(server.name, width - 2)}`;
  });
}

function needYou({ needs_you: count }: TroubleCounts): string {
  return `${count} ${count === 1 ? 'needs' : 'need'} you`;
}

function headerLine(model: Model, facts: Facts, { width, colour, signs }: FrameSize): string {
  const { status, now, lostAt } = facts;
  if (lostAt !== null) {
    const text = `not reachable since ${timeOfDay(lostAt)}, trying again (mcp-watchdog start)`;
    return paint(fit(text, width), 'red', colour);
  }
  const counts = countTroubles(status, now);
  const { daemon } = status;
  const about = [
    `mcp-watchdog ${daemon.version}`,
    `up ${short(now - daemon.startedAt)}`,
    ...(width >= 110 && daemon.listen !== null ? [daemon.listen.replace(/^https?:\/\//u, '')] : []),
    ...(model.isPaused ? ['paused'] : []),
  ].join('  ');
  const perMinute = Object.values(facts.view.traffic).reduce((sum, one) => sum + one.perMinute, 0);
  const calls: [string, Style | undefined] = [`${callsText(perMinute)} calls/min`, undefined];
  const long = [...countCells(counts, signs.marks, true), ...(width >= 110 ? [calls] : [])];
  const brief = countCells(counts, signs.marks, false);
  const isLong = widthOf(about) + widthOf(long.map(([text]) => text).join('  ')) + 2 <= width;
  const cells = isLong ? long : brief;
  const gap = isLong ? '  ' : ' ';
  const right = cells.map(([text]) => text).join(gap);
  const painted = cells.map(([text, style]) => paint(text, style, colour)).join(gap);
  const left = model.isPaused && !isLong ? 'paused' : isLong ? about : '';
  const space = width - widthOf(left) - widthOf(right);
  if (space < 1) return fit(right, width);
  return isLong
    ? `${left}${' '.repeat(space)}${painted}`
    : ` ${painted}${left === '' || space < 3 ? '' : ` ${left}`}`;
}

function countCells(
  counts: TroubleCounts,
  marks: FrameSize['signs']['marks'],
  isLong: boolean,
): [string, Style | undefined][] {
  const { needs_you: needsYou, handled, healthy, off } = counts;
  const cells: [string, Style | undefined][] = [];
  if (needsYou > 0) cells.push([`${marks.needs_you} ${needYou(counts)}`, GROUP_STYLES.needs_you]);
  if (handled > 0)
    cells.push([`${marks.handled} ${handled}${isLong ? ' handled' : ''}`, GROUP_STYLES.handled]);
  if (healthy > 0)
    cells.push([`${marks.healthy} ${healthy}${isLong ? ' healthy' : ''}`, GROUP_STYLES.healthy]);
  if (off > 0) cells.push([`${marks.off} ${off}${isLong ? ' off' : ''}`, GROUP_STYLES.off]);
  return cells;
}

function bodyLines(model: Model, facts: Facts, size: FrameSize): string[] {
  switch (model.screen) {
    case 'server':
    case 'log':
    case 'connect':
      return serverLines(model, facts, size);
    case 'alerts':
    case 'events':
    case 'help':
      return scrolled(wholeList(model.screen, facts, size), model.offset, size.rows);
    case 'list':
      return listBody(model, facts, size);
    default:
      return model.screen satisfies never;
  }
}

function wholeList(screen: 'alerts' | 'events' | 'help', facts: Facts, size: FrameSize): readonly string[] {
  if (screen === 'alerts') return alertLines(facts, size);
  if (screen === 'events') return newsLines(facts, size);
  return HELP.map((line) => fit(line, size.width));
}

/** Returns how far the list on the screen can be scrolled, or the place of the last client among the snippets. */
export function lastOffset(model: Model, facts: Facts, size: FrameSize): number {
  const { screen } = model;
  if (screen === 'connect') return Math.max(0, countSnippets(facts) - 1);
  if (screen === 'server' || screen === 'log') {
    const rows = size.rows - footLines(model, facts, size).length - 1;
    return lastOffsetOfLog(model, facts, { ...size, rows });
  }
  if (screen !== 'alerts' && screen !== 'events' && screen !== 'help') return 0;
  return Math.max(0, wholeList(screen, facts, size).length - (size.rows - 2));
}

function scrolled(lines: readonly string[], offset: number, rows: number): string[] {
  const from = Math.min(offset, Math.max(0, lines.length - rows));
  return lines.slice(from, from + rows);
}

/** Rows from which troubles are listed below the servers, and each of those who need somebody says why. */
const TALL = 30;

function listBody(model: Model, facts: Facts, size: FrameSize): string[] {
  const { rows, width, colour, signs } = size;
  const { status } = facts;
  const servers = shownServers(model, status);
  if (status.servers.length === 0) {
    const text = isStarting(status.daemon)
      ? 'The watchdog is still starting: it has not read its config yet'
      : `No servers are configured: mcp-watchdog import, or add one to ${status.daemon.config.path}`;
    return [fit(text, width)];
  }
  if (servers.length === 0)
    return [fit(`No server has "${model.filter}" in its name; esc clears the filter`, width)];
  const isTall = rows >= TALL;
  const alerts = isTall && width >= 100 ? alertLines(facts, size).slice(0, 7) : [];
  const news = newsLines({ view: { ...facts.view, events: eachOnce(facts.view.events) } }, size).slice(
    0,
    isTall ? 9 : rows >= 14 ? 2 : 0,
  );
  const beside = [...(alerts.length === 0 ? [] : ['', ...alerts]), ...news];
  // The rule between both says where the selection is.
  const height = rows - beside.length - 1;
  const whole = listLines(model, facts, { ...size, rows: height, isTall });
  const isShort = whole.above + whole.below > 0 && news.length > 0 && rows < 24;
  const list = isShort ? listLines(model, facts, { ...size, rows: rows - 1, isTall }) : whole;
  const lines = isShort ? list.lines : filled(list.lines, height);
  const rule = ruleLine(
    model,
    servers.map(({ name }) => name),
    { ...list, width, colour, signs },
  );
  if (isShort) return [...filled(lines, rows - 1), rule];
  return [...lines, ...(alerts.length === 0 ? [] : ['', ...alerts]), rule, ...news];
}

function ruleLine(
  { selected }: Model,
  names: readonly string[],
  { above, below, width, colour, signs }: Room & { readonly above: number; readonly below: number },
): string {
  const place = [
    ...(above > 0 ? [`${signs.up} ${above}`] : []),
    ...(below > 0 ? [`${signs.down} ${below}`] : []),
    `${names.indexOf(selected ?? '') + 1}/${names.length}`,
  ].join(' ');
  const tail = ` ${place} ${signs.rule.repeat(2)}`;
  return paint(fit(signs.rule.repeat(Math.max(0, width - widthOf(tail))) + tail, width), 'dim', colour);
}

/** Writes one line for each trouble, the worst first. */
function alertLines({ status, now, view }: Facts, { width, colour, signs }: FrameSize): string[] {
  const troubles = troublesOf(status, now);
  const pending = view.pendingAlerts === 0 ? '' : `, and ${view.pendingAlerts} pending`;
  const title = paint(fit(` TROUBLES ${troubles.length}${pending}`, width), 'dim', colour);
  const lines = troubles.map(({ about, group, root, since, alerts }) => {
    const [gravest, ...others] = alerts;
    const follow =
      others.length === 0
        ? ''
        : ` and ${others.length} that ${others.length === 1 ? 'follows' : 'follow'} from it`;
    const text = gravest === undefined ? root : `${gravest.name}${follow}: ${root}`;
    const age = short(now - since);
    const head = ` ${signs.marks[group]} ${middle(about ?? 'the watchdog', 24).padEnd(Math.min(25, Math.floor(width / 3)))} `;
    const room = width - widthOf(head) - widthOf(age) - 1;
    return paint(`${head}${fit(neutralise(text), room).padEnd(room)} ${age}`, GROUP_STYLES[group], colour);
  });
  return [title, ...(lines.length === 0 ? [paint(' nothing is wrong', 'dim', colour)] : lines)];
}

/** Keeps the last of events that say the same, with how often they happened: few lines tell of as much as they can. */
function eachOnce(events: readonly ShownEvent[]): readonly ShownEvent[] {
  const found = new Map<string, ShownEvent>();
  for (const event of events) {
    const key = `${event.server ?? ''} ${event.text}`;
    const newer = found.get(key);
    found.set(key, newer === undefined ? event : { ...newer, count: newer.count + event.count });
  }
  return [...found.values()];
}

/** Columns that the name of a server takes at most in the news of a wide screen. */
const NEWS_NAME = 24;

function newsLines({ view }: Pick<Facts, 'view'>, { width, colour }: FrameSize): string[] {
  const isWide = width >= 100;
  const names = view.events.map(({ server }) => middle(server ?? 'the watchdog', NEWS_NAME));
  const name = isWide ? Math.max(0, ...names.map((one) => widthOf(one))) : 0;
  return view.events.map(({ at, text, count, tone }, index) => {
    const time = isWide ? timeOfDay(at) : timeOfDay(at).slice(0, 5);
    const times = count > 1 ? `, ${count} times` : '';
    const line = `${time} ${pad(names[index] ?? '', name)} ${neutralise(text)}${times}`;
    return paint(fit(line, width), tone === 'bad' ? 'red' : tone === 'warn' ? 'yellow' : 'dim', colour);
  });
}

const WORDS: Readonly<Record<OperatorAction, string>> = {
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  update: 'Update',
  rollback: 'Roll back',
};

function footLines(model: Model, facts: Facts, { width, colour, signs }: FrameSize): string[] {
  const { asked, isTyping, filter } = model;
  if (asked !== null) {
    const load = facts.status.servers.find(({ name }) => name === asked.server)?.clients ?? null;
    const flying =
      load === null || load.inFlight === 0
        ? ''
        : `, ${load.inFlight} ${load.inFlight === 1 ? 'call' : 'calls'} in flight`;
    const clients =
      load === null || load.sessions === 0
        ? ''
        : ` ${load.sessions} ${load.sessions === 1 ? 'client' : 'clients'}${flying}.`;
    const question = `${WORDS[asked.action]} ${asked.server}?${clients}`;
    const keys = 'y yes   any other key no';
    const isOne = flying === '' && widthOf(question) + widthOf(keys) + 4 <= width;
    const lines = isOne
      ? [` ${question}   ${keys}`]
      : [` ${question}`, ...(flying === '' ? [] : [` ${fateOf(asked.action)}`]), ` ${keys}`];
    return lines.map((line) => paint(fit(line, width), 'yellow', colour));
  }
  if (facts.answer !== null) return [paint(fit(` ${neutralise(facts.answer)}`, width), 'cyan', colour)];
  if (isTyping) return [fit(` / ${filter}_   enter keeps it, esc clears it`, width)];
  return [paint(fit(keysOf(model, { width, signs }), width), 'dim', colour)];
}

/** Says what becomes of the calls in flight. */
function fateOf(action: OperatorAction): string {
  return action === 'stop'
    ? 'They end with an error.'
    : 'What may be repeated is sent again, the others are told.';
}

/** Names as many keys as fit; help and the way out always. */
function keysOf(
  { screen, filter, isPaused, isHeld }: Model,
  { width, signs }: Pick<FrameSize, 'width' | 'signs'>,
): string {
  const byScreen: Readonly<Record<Model['screen'], readonly string[]>> = {
    list: [
      'j k move',
      `${signs.enter} open`,
      'r restart',
      width >= 110 ? 's stop/start' : 's stop',
      'u update',
      ...(width >= 110 ? ['b roll back'] : []),
      'l log',
      ...(width >= 110 ? ['a alerts'] : []),
      filter === '' ? '/ filter' : `/ ${filter}`,
      isPaused ? 'p go on' : 'p pause',
      'c connect',
      'e events',
    ],
    server: [
      'r restart',
      's stop',
      'u update',
      'b roll back',
      'l log',
      'c connect',
      'j k scroll',
      '/ filter',
    ],
    log: ['j k scroll', isHeld ? 'space go on' : 'space hold', '/ filter', 'l less', 'c connect'],
    connect: ['j k move', 'y copy', '[ ] next server'],
    alerts: ['j k move'],
    events: ['j k move'],
    help: ['j k move'],
  };
  const last = screen === 'list' ? ['? help', 'q quit'] : ['esc back', '? help'];
  let shown: readonly string[] = [];
  for (const key of byScreen[screen]) {
    if (widthOf([...shown, key, ...last].join('  ')) + 1 > width) break;
    shown = [...shown, key];
  }
  return ` ${[...shown, ...last].join('  ')}`;
}

const HELP: readonly string[] = [
  'j k, arrows       move            g G, Home End     first, last',
  'PgUp PgDn         a page          enter, right      open a server',
  'esc, left         back            [ ]               the server before, after',
  '/                 filter          esc               clears it',
  'r                 restart (tries at once when it waits)',
  's                 stop, or start  u b               update, roll back',
  'l                 log             space             holds it, and goes on',
  '                                  j k g G           scroll it, which holds it',
  'c                 how clients connect: y copies the selected snippet',
  'a e               alerts, events  p                 pause',
  '1 2 3             15 min, 1 h, 6 h of the curves',
  '?                 this help       q                 quit',
  '',
  'What needs you comes first, then what the watchdog handles, then the healthy, then what is off.',
  'The last 6 hours: up, slow or starting, restarted, down, nothing known: taller is graver.',
];

/** Says how an action went, for the bottom line. */
export function answerOf(action: OperatorAction, server: string, note: string | null): string {
  const done: Readonly<Record<OperatorAction, string>> = {
    start: 'starts',
    stop: 'stops',
    restart: 'restarts',
    update: 'is updated',
    rollback: 'is rolled back',
  };
  return note === null ? `${server} ${done[action]}` : `${server}: ${note}`;
}
