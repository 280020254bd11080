// Rules for a server's tools: what the config allows, and what the server says of its tools as far as that is trusted.
import { isObject } from '../../core/base/guards.ts';
import type { JsonObject } from '../../core/base/json-rpc.ts';
import type { ToolHeader, ToolRules } from '../../core/gateway/model.ts';
import type { GatewayPolicy } from '../../core/model/gateway-policy.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Tool } from '../../core/tools/tool-diff.ts';
import { hintsOf, type ToolAccess, type ToolHints } from '../../core/tools/tool-hints.ts';

/** What is kept of a tool as it was last listed. */
export interface ToolFacts {
  readonly name: string;
  readonly isReadOnly: boolean;
  /** Says of itself that calling it twice does no harm. */
  readonly isRepeatable: boolean;
  readonly headers: readonly ToolHeader[];
}

export function toolFactsOf(tool: JsonObject): ToolFacts {
  const { name, annotations, inputSchema } = tool;
  return {
    name: String(name),
    ...meaningOf(hintsOf(annotations) ?? {}),
    headers: headersIn(inputSchema, []),
  };
}

function meaningOf({ readOnly, destructive, idempotent }: ToolHints) {
  const isReadOnly = readOnly === true;
  return { isReadOnly, isRepeatable: isReadOnly || (idempotent === true && destructive === false) };
}

/** Deepest property of a schema that is looked at. */
const MAX_PATH = 8;

function headersIn(schema: unknown, path: readonly string[]): readonly ToolHeader[] {
  if (!isObject(schema) || path.length > MAX_PATH) return [];
  const { properties, 'x-mcp-header': header } = schema;
  const own = typeof header === 'string' && path.length > 0 ? [{ header, path }] : [];
  const inner = isObject(properties) ? Object.entries(properties) : [];
  return [...own, ...inner.flatMap(([name, value]) => headersIn(value, [...path, name]))];
}

export function createToolRules(
  { tools, retry }: Pick<GatewayPolicy, 'tools' | 'retry'>,
  facts: ReadonlyMap<string, ToolFacts>,
  changed: ReadonlySet<string> = new Set(),
): ToolRules {
  /** What a tool says of itself holds as long as its definition is the one that was approved. */
  const trusted = (tool: string): ToolFacts | undefined => (changed.has(tool) ? undefined : facts.get(tool));
  const allowed = matcher(tools.allow);
  const denied = matcher(tools.deny);
  const isRepeatedAnyway = matcher(retry.allow);
  const isNeverRepeated = matcher(retry.deny);
  return {
    isFilter: tools.readOnly || tools.deny.length > 0 || !tools.allow.includes('*'),
    mayCall: (tool) =>
      allowed(tool) && !denied(tool) && (!tools.readOnly || trusted(tool)?.isReadOnly === true),
    mayRepeat(tool) {
      if (retry.mode === 'never') return false;
      if (tool === null) return true;
      if (isNeverRepeated(tool)) return false;
      return isRepeatedAnyway(tool) || trusted(tool)?.isRepeatable === true;
    },
  };
}

/** Creates a function that says what clients may do with a tool; null for each where they do not reach the server. */
export function createAccessReader(
  { enabled, gateway }: Pick<ServerSpec, 'enabled' | 'gateway'>,
  listed: readonly Tool[],
  changed: ReadonlySet<string>,
): (tool: string) => ToolAccess | null {
  if (!enabled || gateway.mode === 'off') return () => null;
  const { tools } = gateway;
  const facts = listed.map(
    ({ name, hints = {} }) => [name, { name, ...meaningOf(hints), headers: [] }] as const,
  );
  const rules = createToolRules(gateway, new Map(facts), changed);
  const [allowed, denied] = [matcher(tools.allow), matcher(tools.deny)];
  return (tool) => ({
    deniedBy: denied(tool)
      ? 'tools.deny'
      : !allowed(tool)
        ? 'tools.allow'
        : rules.mayCall(tool)
          ? null
          : 'tools.readOnly',
    isRepeated: rules.mayCall(tool) && rules.mayRepeat(tool),
  });
}

function matcher(globs: readonly string[]): (name: string) => boolean {
  // The defaults, which are asked twice for each call.
  if (globs.length === 0) return () => false;
  if (globs.includes('*')) return () => true;
  const patterns = globs.map((glob) => {
    const parts = glob.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`, 's');
  });
  return (name) => patterns.some((pattern) => pattern.test(name));
}
