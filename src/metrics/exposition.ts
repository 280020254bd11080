// Exposition of metric families as text: a family is written again only when one of its values has changed.
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import type { Labels } from './sample.ts';
import { createSeriesIds, type SeriesIds } from './series-ids.ts';

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
  lines(): Iterable<Line>;
  take(): TakenFamily;
}

/** Bytes that are kept until something changes. */
export interface KeptBytes {
  /** Notes a change. */
  drop(): void;
  /** @param write of what is there now; called after a change only */
  take(write: () => () => Generator<string>): TakenFamily;
}

export function createKeptBytes(): KeptBytes {
  let kept: Buffer | null = null;
  let changes = 0;
  return {
    drop() {
      kept = null;
      changes += 1;
    },
    take(write) {
      const at = changes;
      const keep = (bytes: Buffer): void => {
        if (changes === at) kept = bytes;
      };
      const bytes = kept;
      return { bytes, keep, pieces: bytes === null ? write() : () => nothing() };
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
  const header = headerOf(options);
  const lines = new Set<Line>();
  const kept = createKeptBytes();
  let isZero = startsAtZero;

  return {
    name,
    add(labels, value, text = labelsText(labels)) {
      isZero = false;
      const line: Line = { name, labels, text, id: ids.take(), scraped: null, value };
      lines.add(line);
      kept.drop();
      return line;
    },
    set(line, value) {
      line.value = value;
      kept.drop();
    },
    remove(line) {
      if (lines.delete(line)) ids.release(line.id);
      kept.drop();
    },
    lines: () => lines,
    take: () =>
      kept.take(() => {
        const now = [...lines];
        const values = Float64Array.from(now, ({ value }) => value);
        const zero = isZero ? `${name} 0\n` : '';
        return () => piecesOf(`${header}\n${zero}`, { name, lines: now, values });
      }),
  };
}

function* piecesOf(
  header: string,
  {
    name,
    lines,
    values,
  }: { readonly name: string; readonly lines: readonly Line[]; readonly values: Float64Array },
): Generator<string> {
  const parts = [header];
  const start = `${name}{`;
  for (const [index, { text }] of lines.entries()) {
    if (text === '') parts.push(name, ' ', valueText(values[index] ?? 0), '\n');
    else parts.push(start, text, '} ', valueText(values[index] ?? 0), '\n');
    if (index % LINES === LINES - 1) yield parts.splice(0).join('');
  }
  parts.push('\n');
  yield parts.join('');
}

export function headerOf({ name, type, help }: Pick<FamilyOptions, 'name' | 'type' | 'help'>): string {
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}`;
}

/** Returns labels as they are written: `label="text"`, with commas between them. */
export function labelsText(labels: Labels): string {
  const parts: string[] = [];
  for (const label in labels) {
    const text = escaped(labels[label] ?? '').replaceAll('"', String.raw`\"`);
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
