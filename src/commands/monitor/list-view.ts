// List of the live view: servers by what they need, as many columns as fit; name, mark and state always do.
import { neutralise } from '../../core/base/text.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { statusSummary } from '../../core/status/health-summary.ts';
import { stateWords } from '../../core/status/state-words.ts';
import { groupIn, type Trouble, troublesOf } from '../../core/status/troubles.ts';
import { versionColumn } from '../../core/update/update-text.ts';
import { fit, middle, pad, paint, widthOf, wrap } from '../views/style.ts';
import { type Facts, type Model, shownServers } from './model.ts';
import {
  GROUP_STYLES,
  GROUP_TITLES,
  heartbeat,
  memoryOf,
  retryText,
  shortTime,
  type Signs,
  stateText,
} from './words.ts';

export interface Room {
  readonly width: number;
  readonly colour: boolean;
  readonly signs: Signs;
}

/** A block of lines that belongs to one server, or the title of a group. */
interface Block {
  readonly name: string | null;
  readonly lines: readonly string[];
}

export interface ListLines {
  readonly lines: readonly string[];
  /** Servers that lie above and below what is shown. */
  readonly above: number;
  readonly below: number;
}

type NumberColumn = 'memory' | 'p95' | 'calls' | 'restarts' | 'version';

interface Layout {
  readonly name: number;
  readonly state: number;
  readonly beats: number;
  readonly numbers: readonly NumberColumn[];
}

const WIDTHS: Readonly<Record<NumberColumn, number>> = {
  memory: 5,
  p95: 6,
  calls: 6,
  restarts: 4,
  version: 10,
};
const TITLES: Readonly<Record<NumberColumn, string>> = {
  memory: 'MEM',
  p95: 'P95',
  calls: 'CALLS',
  restarts: 'RST',
  version: 'VERSION',
};
const STATE = 18;
/** Given to the state where there is room left: `needs attention 12m`. */
const WIDE_STATE = 20;
/** Cursor, mark and a space. */
const MARK = 3;
const ALL: readonly NumberColumn[] = ['memory', 'p95', 'calls', 'restarts', 'version'];

/** What is tried, the widest first. */
const CHOICES: readonly Pick<Layout, 'beats' | 'numbers'>[] = [
  { beats: 37, numbers: ALL },
  { beats: 37, numbers: ALL.slice(0, 4) },
  { beats: 20, numbers: ALL.slice(0, 4) },
  { beats: 20, numbers: ALL.slice(0, 3) },
  { beats: 20, numbers: ALL.slice(0, 2) },
  { beats: 20, numbers: ALL.slice(0, 1) },
  { beats: 20, numbers: [] },
  { beats: 10, numbers: [] },
  { beats: 0, numbers: [] },
];
/** Columns that a name is given before others leave. */
const NAME_WISH = 17;
const SHORTEST_NAME = 8;

function layoutFor(width: number, longest: number): Layout {
  const wish = Math.min(Math.max(longest, SHORTEST_NAME), NAME_WISH);
  const fixed = ({ beats, numbers }: Pick<Layout, 'beats' | 'numbers'>): number =>
    MARK + 1 + STATE + (beats > 0 ? beats + 1 : 0) + numbers.reduce((sum, one) => sum + WIDTHS[one] + 1, 0);
  const none = { beats: 0, numbers: [] };
  const choice = CHOICES.find((one) => fixed(one) + wish <= width) ?? none;
  const left = width - fixed(choice);
  const state = Math.min(WIDE_STATE, STATE + Math.max(0, left - wish));
  const name = Math.max(SHORTEST_NAME, Math.min(longest, left - (state - STATE), 40));
  // The name keeps eight columns, then the state is what is cut.
  return { ...choice, name, state: Math.max(1, Math.min(state, width - MARK - 1 - name)) };
}

/** Writes the rows that fit into `rows` lines, the selected server always among them. */
export function listLines(
  model: Model,
  facts: Facts,
  { rows, isTall, ...room }: Room & { readonly rows: number; readonly isTall: boolean },
): ListLines {
  const servers = shownServers(model, facts.status);
  const longest = Math.max(0, ...servers.map(({ name }) => widthOf(name)));
  const layout = layoutFor(room.width, longest);
  const head = rows > 3 ? [titles(layout, room)] : [];
  const height = rows - head.length;
  const lengthOf = (blocks: readonly Block[]): number =>
    blocks.reduce((sum, { lines }) => sum + lines.length, 0);
  // On a tall screen each of those who need somebody says why, as long as all of the list fits.
  const told = isTall ? blocksOf(model, facts, servers, { layout, room, isTold: true }) : [];
  const all =
    isTall && lengthOf(told) <= height
      ? told
      : blocksOf(model, facts, servers, { layout, room, isTold: false });
  // Titles of groups are the first to go.
  const blocks = lengthOf(all) <= height ? all : all.filter(({ name }) => name !== null);
  const { from, until } = windowOf(blocks, model.selected, height);
  const lines = blocks.flatMap((block) => block.lines).slice(from, until);
  const ends = blocks.map((_, index) =>
    blocks.slice(0, index + 1).reduce((sum, block) => sum + block.lines.length, 0),
  );
  const isServer = (index: number): boolean => blocks[index]?.name !== null;
  return {
    lines: [...head, ...lines],
    above: ends.filter((end, index) => isServer(index) && end <= from).length,
    below: ends.filter((end, index) => isServer(index) && end - (blocks[index]?.lines.length ?? 0) >= until)
      .length,
  };
}

/** Finds the part of the lines that shows the selected block, as near to the top as it goes. */
function windowOf(blocks: readonly Block[], selected: string | null, height: number) {
  const total = blocks.reduce((sum, { lines }) => sum + lines.length, 0);
  const index = blocks.findIndex(({ name }) => name === selected);
  const start = blocks.slice(0, Math.max(0, index)).reduce((sum, { lines }) => sum + lines.length, 0);
  const end = start + (blocks[index]?.lines.length ?? 0);
  // Half a screen of context below, as far as there is one.
  const wish = Math.min(total, end + Math.floor(height / 3)) - height;
  const from = Math.max(0, Math.min(wish, start, Math.max(0, total - height)));
  return { from, until: from + height };
}

function titles({ name, state, beats, numbers }: Layout, { colour }: Room): string {
  const cells = [
    ' '.repeat(MARK) + pad('SERVER', name),
    pad('STATE', state),
    ...(beats > 0 ? [pad(beats > 20 ? 'LAST 6 HOURS' : beats > 10 ? 'LAST 6 H' : '6 H', beats)] : []),
    ...numbers.map((one) => pad(TITLES[one], WIDTHS[one], one === 'version' ? 'right' : 'left')),
  ];
  return paint(cells.join(' ').trimEnd(), 'dim', colour);
}

function blocksOf(
  model: Model,
  facts: Facts,
  servers: readonly ServerStatus[],
  { layout, room, isTold }: { readonly layout: Layout; readonly room: Room; readonly isTold: boolean },
): Block[] {
  const { status, now } = facts;
  const troubles = troublesOf(status, now);
  let group: string | null = null;
  return servers.flatMap((server) => {
    const own = groupIn(status, server, now);
    const title: Block[] =
      own === group ? [] : [{ name: null, lines: [paint(` ${GROUP_TITLES[own]}`, 'dim', room.colour)] }];
    group = own;
    const isSelected = server.name === model.selected;
    const trouble = troubles.find(({ about }) => about === server.name);
    const saysWhy = isSelected || (isTold && own === 'needs_you');
    const below = saysWhy ? reasonLines(server, trouble, { now, room }) : [];
    const row = rowOf(server, facts, { layout, room, isSelected });
    return [...title, { name: server.name, lines: [row, ...below] }];
  });
}

function rowOf(
  server: ServerStatus,
  facts: Facts,
  {
    layout,
    room,
    isSelected,
  }: { readonly layout: Layout; readonly room: Room; readonly isSelected: boolean },
): string {
  const { status, view, now } = facts;
  const { signs, colour } = room;
  const group = groupIn(status, server, now);
  const style = GROUP_STYLES[group];
  const mark = `${isSelected ? '>' : ' '}${paint(signs.marks[group], style, colour)} `;
  const name = pad(middle(server.name, layout.name), layout.name);
  const state = pad(stateText(server, now, layout.state), layout.state);
  const cells = [
    mark + paint(name, isSelected ? 'bold' : undefined, colour),
    paint(state, group === 'healthy' ? undefined : style, colour),
    ...(layout.beats > 0 ? [heartbeat(view.beats[server.name] ?? '', layout.beats, signs)] : []),
    ...layout.numbers.map((one) => {
      const text = numberOf(server, view, one) ?? signs.none;
      return pad(fit(text, WIDTHS[one]), WIDTHS[one], one === 'version' ? 'right' : 'left');
    }),
  ];
  return cells.join(' ').trimEnd();
}

function numberOf(server: ServerStatus, view: Facts['view'], column: NumberColumn): string | null {
  const traffic = view.traffic[server.name];
  switch (column) {
    case 'memory':
      return memoryOf(server);
    case 'p95':
      return traffic === undefined ? null : shortTime(traffic.p95);
    case 'calls':
      return server.clients === null ? null : callsText(traffic?.perMinute ?? 0);
    case 'restarts':
      return server.state === 'watched' ? null : String(view.restarts[server.name] ?? 0);
    case 'version':
      return versionColumn(server) || null;
    default:
      return column satisfies never;
  }
}

export function callsText(perMinute: number): string {
  return perMinute === 0 ? '0' : perMinute < 9.95 ? perMinute.toFixed(1) : String(Math.round(perMinute));
}

/** Columns below which reason and cure take two lines each: one would show little of them. */
const NARROW = 60;

/** Says the reason, the cure and when it is tried again: in one line where that fits, in two at most, on a narrow screen in four. */
function reasonLines(
  server: ServerStatus,
  trouble: Trouble | undefined,
  { now, room }: { readonly now: number; readonly room: Room },
): string[] {
  const { width, colour, signs } = room;
  const root = neutralise(trouble?.root ?? statusSummary(server, now));
  // The row above says it already.
  const reason = root === stateWords(server) ? '' : root;
  const cure = trouble?.cure ?? null;
  const next = retryText(server, now);
  if (reason === '' && cure === null) return [];
  const cured = cure === null ? '' : `${signs.arrow} ${neutralise(cure)}`;
  const space = width - MARK;
  const one = [reason, cured].filter((text) => text !== '').join('  ');
  const lines =
    widthOf(one) <= space
      ? [withEnd(one, next, space)]
      : width < NARROW
        ? [...wrap(reason, space, 2), ...wrap(cured, space, 2), next].filter((text) => text !== '')
        : cured === ''
          ? wrap(reason, space, 2)
          : [withEnd(reason, next, space), fit(cured, space)];
  return lines.map((line) => ' '.repeat(MARK) + paint(line, 'dim', colour));
}

/** Puts `end` at the right where it fits beside the text. */
function withEnd(text: string, end: string, space: number): string {
  const isRoom = end !== '' && widthOf(text) + widthOf(end) + 2 <= space;
  return isRoom ? pad(text, space - widthOf(end)) + end : fit(text, space);
}
