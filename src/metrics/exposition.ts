// Exposition of metric families as text: a family is written again only when one of its values has changed.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import type { Labels } from './sample.ts';
import { createSeriesIds, type SeriesIds } from './series-ids.ts';

/** Of Prometheus's text format 0.0.4 and of OpenMetrics 1.0: headers and what stands between families differ, lines do not. */
export type Format = 'text' | 'open-metrics';

/** A series of a family, and its sample for readers: the same object as long as the series is there. */
export interface Line extends MetricSample {
  /** Its labels as they are written: `server="a",probe="ping"`. */
  readonly text: string;
  readonly id: number;
  /** To be changed by `set()` only. */
  value: number;
}

/** A family as it was at one moment. */
export interface TakenFamily {
  /** Its bytes, where nothing has changed since they were kept. */
  readonly bytes: Buffer | null;
  /** Writes header and lines in pieces that are not long; the last one ends with an empty line. */
  readonly pieces: () => Generator<string>;
  /** Keeps the bytes of all pieces, unless something has changed since. */
  readonly keep: (bytes: Buffer) => void;
}

export interface Family {
  readonly name: string;
  /** @param text of the labels, where it is known */
  add(labels: Labels, value: number, text?: string): Line;
  set(line: Line, value: number): void;
  remove(line: Line): void;
  /** The same list as long as they are the same lines. */
  lines(): readonly Line[];
  take(format?: Format): TakenFamily;
}

/** What a family shows at one moment: read where it stands, and copied only when something is about to change. */
export interface Snapshot {
  /** Copies what was not written yet. */
  freeze(): void;
  pieces(): Generator<string>;
}

/** Bytes that are kept until something changes. */
export interface KeptBytes {
  /** Notes that something is about to change. */
  drop(): void;
  /** @param open a snapshot of what is there now; called when there are no bytes in this format since the last change */
  take(format: Format, open: () => Snapshot): TakenFamily;
}

export function createKeptBytes(): KeptBytes {
  const kept: Record<Format, Buffer | null> = { text: null, 'open-metrics': null };
  let changes = 0;
  const opened = new Set<Snapshot>();

  function* piecesOf(snapshot: Snapshot): Generator<string> {
    yield* snapshot.pieces();
    opened.delete(snapshot);
  }

  return {
    drop() {
      for (const snapshot of opened) snapshot.freeze();
      opened.clear();
      kept.text = null;
      kept['open-metrics'] = null;
      changes += 1;
    },
    take(format, open) {
      const at = changes;
      const keep = (bytes: Buffer): void => {
        if (changes === at) kept[format] = bytes;
      };
      if (kept[format] !== null) return { bytes: kept[format], keep, pieces: () => nothing() };
      const snapshot = open();
      opened.add(snapshot);
      return { bytes: null, keep, pieces: () => piecesOf(snapshot) };
    },
  };
}

// eslint-disable-next-line require-yield, no-empty-function -- the family is there as bytes
function* nothing(): Generator<string> {}

export type FamilyOptions = Pick<MetricDefinition, 'type' | 'help'> & {
  /** In full. */
  readonly name: string;
  /** Shows 0 until it has its first line: what has no labels is never absent at the beginning. */
  readonly startsAtZero?: boolean;
  readonly ids?: SeriesIds;
};

/** Lines in one piece. */
const LINES = 512;

export function createFamily(options: FamilyOptions): Family {
  const { name, startsAtZero = false, ids = createSeriesIds() } = options;
  const frames = framesOf(options);
  const lines = new Set<Line>();
  const kept = createKeptBytes();
  let isZero = startsAtZero;
  /** Of `lines`: an iterator over these would make an object for each of hundreds. */
  let list: readonly Line[] | null = null;

  const listed = (): readonly Line[] => (list ??= [...lines]);

  return {
    name,
    add(labels, value, text = labelsText(labels)) {
      kept.drop();
      isZero = false;
      const line: Line = { name, labels, text, id: ids.take(), scraped: null, value };
      lines.add(line);
      list = null;
      return line;
    },
    set(line, value) {
      kept.drop();
      line.value = value;
    },
    remove(line) {
      kept.drop();
      list = null;
      if (lines.delete(line)) ids.release(line.id);
    },
    lines: listed,
    take: (format = 'text') =>
      kept.take(format, () => {
        const { start, end } = frames[format];
        return snapshotOf({ start: isZero ? `${start}${name} 0\n` : start, end }, name, listed());
      }),
  };
}

function snapshotOf(frame: Frame, name: string, lines: readonly Line[]): Snapshot {
  let values: Float64Array | null = null;
  return {
    freeze() {
      values = new Float64Array(lines.length);
      for (let index = 0; index < lines.length; index += 1) values[index] = lines[index]?.value ?? 0;
    },
    *pieces() {
      let parts = [frame.start];
      const start = `${name}{`;
      for (let index = 0; index < lines.length; index += 1) {
        const line = lines[index];
        if (line === undefined) continue;
        // Others may have had their turn since the last piece.
        const value = valueText(values === null ? line.value : (values[index] ?? 0));
        if (line.text === '') parts.push(name, ' ', value, '\n');
        else parts.push(start, line.text, '} ', value, '\n');
        if (index % LINES !== LINES - 1) continue;
        yield parts.join('');
        parts = [];
      }
      parts.push(frame.end);
      yield parts.join('');
    },
  };
}

/** What stands before the lines of a family, and after them. */
export interface Frame {
  readonly start: string;
  readonly end: string;
}

export function framesOf({
  name,
  type,
  help,
}: Pick<FamilyOptions, 'name' | 'type' | 'help'>): Readonly<Record<Format, Frame>> {
  const escapedHelp = escaped(help);
  const inOpenMetrics = type === 'counter' ? name.replace(/_total$/u, '') : name;
  return {
    text: { start: `# HELP ${name} ${escapedHelp}\n# TYPE ${name} ${type}\n`, end: '\n' },
    'open-metrics': {
      start: `# TYPE ${inOpenMetrics} ${type}\n# HELP ${inOpenMetrics} ${quoted(escapedHelp)}\n`,
      end: '',
    },
  };
}

/** Returns labels as they are written: `label="text"`, with commas between them. */
export function labelsText(labels: Labels): string {
  const parts: string[] = [];
  for (const label in labels) {
    const text = quoted(escaped(labels[label] ?? ''));
    parts.push(parts.length === 0 ? '' : ',', label, '="', text, '"');
  }
  // Joined, not added up: a text of many pieces takes several times the memory as long as it is kept.
  return parts.join('');
}

export function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value < 0 ? '-Inf' : '+Inf';
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function quoted(text: string): string {
  return text.replaceAll('"', String.raw`\"`);
}
