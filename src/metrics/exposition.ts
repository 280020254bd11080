// Exposition of metric families as text: a line is written once, and again only when its value has changed.
import type { MetricDefinition } from '../core/metrics/metric-definition.ts';
import type { Labels } from './sample.ts';

/** A series of a family. */
export interface Line {
  readonly head: string;
  text: string;
}

export interface Family {
  add(labels: Labels, value: number): Line;
  set(line: Line, value: number): void;
  remove(line: Line): void;
  /** Takes header and lines as they are now; the returned function puts them together, without a newline at the end. */
  take(): () => string;
}

/** Text that is put together again only after a change. */
export interface CachedText {
  /** Notes a change. */
  drop(): void;
  /** @param parts what the text consists of, asked for after a change only */
  take(parts: () => readonly string[]): () => string;
}

export function createCachedText(): CachedText {
  let text: string | null = null;
  let changes = 0;
  return {
    drop() {
      text = null;
      changes += 1;
    },
    take(parts) {
      if (text !== null) {
        const known = text;
        return () => known;
      }
      const taken = parts();
      const at = changes;
      return () => {
        const joined = taken.join('\n');
        if (changes === at) text = joined;
        return joined;
      };
    },
  };
}

export type FamilyOptions = Pick<MetricDefinition, 'type' | 'help'> & {
  /** In full. */
  readonly name: string;
  /** Shows 0 until it has its first line: what has no labels is never absent at the beginning. */
  readonly startsAtZero?: boolean;
};

export function createFamily({ name, type, help, startsAtZero = false }: FamilyOptions): Family {
  const header = headerOf({ name, type, help });
  const lines = new Set<Line>();
  let zero: Line | null = startsAtZero ? { head: `${name} `, text: `${name} 0` } : null;
  if (zero !== null) lines.add(zero);
  const text = createCachedText();

  return {
    add(labels, value) {
      if (zero !== null) lines.delete(zero);
      zero = null;
      const head = headOf(name, labels);
      const line = { head, text: head + valueText(value) };
      lines.add(line);
      text.drop();
      return line;
    },
    set(line, value) {
      line.text = line.head + valueText(value);
      text.drop();
    },
    remove(line) {
      lines.delete(line);
      text.drop();
    },
    take: () =>
      text.take(() => {
        const parts = [header];
        // Tens of thousands with a thousand servers.
        for (const line of lines) parts.push(line.text);
        return parts;
      }),
  };
}

export function headerOf({ name, type, help }: Omit<FamilyOptions, 'startsAtZero'>): string {
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}`;
}

/** Returns a line up to its value: `name{label="text"} `. */
export function headOf(name: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${escaped(text).replaceAll('"', String.raw`\"`)}"`,
  );
  return pairs.length === 0 ? `${name} ` : `${name}{${pairs.join(',')}} `;
}

export function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value < 0 ? '-Inf' : '+Inf';
}

function escaped(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}
