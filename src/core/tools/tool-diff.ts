// Comparison of two tool lists: tools that are gone, and tools that accept less than before.
import { findNarrowing } from './schema-narrowing.ts';
import { truncate, neutralise } from '../base/text.ts';
import type { ToolAccess, ToolHints } from './tool-hints.ts';

/** Entry of `tools/list`; name and input schema are what is compared. */
export interface Tool {
  readonly name: string;
  /** As the server wrote it; left out where it wrote none. */
  readonly description?: string;
  /** JSON Schema. */
  readonly inputSchema: unknown;
  /** Left out where the server gave none. */
  readonly hints?: ToolHints;
}

/**
 * `fault`: the server's; ours, when nothing was found out; or nobody's, when it lives but does not know us. `detail` is
 * one line for people.
 */
export type ToolsOutcome =
  | { readonly ok: true; readonly tools: readonly Tool[] }
  | { readonly ok: false; readonly fault: 'server' | 'ours' | 'unauthorized'; readonly detail: string };

/** Tool with what clients may do with it; null where they do not reach the server through the gateway. */
export interface OfferedTool extends Tool {
  readonly access: ToolAccess | null;
}

/** Names in the order of the lists; `what` is for people, names and values of the server in it made safe to show. */
interface ToolChanges {
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** A tool may appear several times. Only certain losses: a construct that is not understood is never listed. */
  readonly narrowed: readonly { readonly tool: string; readonly what: string }[];
}

/** Bounded, so that a server with a hundred thousand properties does not fill the journal. */
const MOST_FINDINGS = 100;
/** Steps that all comparisons together may take: some hundred tools of an ordinary server need a tenth of it. */
const BUDGET = 100_000;

export function compareTools(before: readonly Tool[], after: readonly Tool[]): ToolChanges {
  const old = byName(before);
  const current = byName(after);
  const removed = [...old.keys()].filter((name) => !current.has(name));
  const added = [...current.keys()].filter((name) => !old.has(name));
  const narrowed: { tool: string; what: string }[] = [];
  const budget = { left: BUDGET };
  for (const [tool, schema] of old) {
    const most = MOST_FINDINGS - narrowed.length;
    if (!current.has(tool) || most <= 0) continue;
    for (const what of findNarrowing(schema, current.get(tool), { most, budget }))
      narrowed.push({ tool, what });
  }
  return { removed, added, narrowed };
}

/** One line: `2 tools are gone: a, b; "c" takes less: "limit" is now required`. Null when clients lose nothing. */
export function describeLosses({ removed, narrowed }: ToolChanges): string | null {
  const gone = removed.length === 1 ? 'a tool is gone' : `${removed.length} tools are gone`;
  const parts = [
    ...(removed.length === 0 ? [] : [`${gone}: ${few(removed.map(show))}`]),
    ...(narrowed.length === 0
      ? []
      : [few(narrowed.map(({ tool, what }) => `${show(tool)} takes less: ${what}`))]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

const SHOWN = 3;

function few(texts: readonly string[]): string {
  const rest = texts.length - SHOWN;
  const shown = texts.slice(0, SHOWN).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function show(name: string): string {
  return truncate(neutralise(name), 60);
}

/** Indexes by name; of two tools with one name clients see the first. */
function byName(tools: readonly Tool[]): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { name, inputSchema } of tools) if (!found.has(name)) found.set(name, inputSchema);
  return found;
}
