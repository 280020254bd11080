// Hints of a tool, as the server says them of it, and what the gateway's rules make of the tool.
import { isObject } from '../base/guards.ts';

const HINTS = ['readOnly', 'destructive', 'idempotent', 'openWorld'] as const;

/** Annotations of MCP without the `Hint` at their end; what the server left out is left out. It may say what it likes. */
export type ToolHints = Readonly<Partial<Record<(typeof HINTS)[number], boolean>>>;

/** What clients may do with a tool through the gateway. */
export interface ToolAccess {
  /** The rule that keeps clients from it; null when they may call it. */
  readonly deniedBy: 'tools.allow' | 'tools.deny' | 'tools.readOnly' | null;
  /** Whether a call is sent again when the server died under it. */
  readonly isRepeated: boolean;
}

/** Reads the annotations of a tool; null when they say nothing. */
export function hintsOf(annotations: unknown): ToolHints | null {
  if (!isObject(annotations)) return null;
  const entries = HINTS.flatMap((hint) => {
    const value = annotations[`${hint}Hint`];
    return typeof value === 'boolean' ? [[hint, value] as const] : [];
  });
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

const WORDS: Readonly<Record<(typeof HINTS)[number], readonly [string, string]>> = {
  readOnly: ['read-only', 'writes'],
  destructive: ['destructive', 'not destructive'],
  idempotent: ['idempotent', 'not idempotent'],
  openWorld: ['open world', 'closed world'],
};

/** Writes the hints: `writes, not destructive, idempotent`. What is read-only destroys nothing, so that is left out. */
export function describeHints(hints: ToolHints): readonly string[] {
  return HINTS.flatMap((hint) => {
    const value = hints[hint];
    if (value === undefined) return [];
    const isMeaningless = hints.readOnly === true && (hint === 'destructive' || hint === 'idempotent');
    return isMeaningless ? [] : [WORDS[hint][value ? 0 : 1]];
  });
}
