// JSON Schema of the config, for completion in editors and for suggestions of keys.
import { z } from 'zod';
import { configSchema } from './schema.ts';
import type { KeyPath } from './document.ts';

/** Makes a schema of draft 2020-12 of what people write (durations as text), with defaults and descriptions. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' });
  return {
    title: 'mcp-watchdog config',
    description: 'MCP servers to keep alive, and settings of the watchdog. See docs/configuration.md.',
    ...schema,
    oneOf: [{ required: ['servers'] }, { required: ['mcpServers'] }],
  };
}

/** Writes the text of config.schema.json. */
export function configSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

/** The part of a JSON Schema that the walk below reads. */
interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
}

/** Made at the first mistake: making it takes as long as reading a config. */
let keySource: Node | undefined;

export interface KnownKeys {
  readonly here: readonly string[];
  readonly below: readonly string[];
}

/** Lists the keys allowed in the map at `path` of a config, and one level deeper as `probe.interval`. */
export function knownKeys(path: KeyPath): KnownKeys {
  return keysIn((keySource ??= configJsonSchema()), path);
}

/** Does the same for any JSON Schema. */
export function keysIn(schema: Node, path: KeyPath): KnownKeys {
  const maps = path.reduce<Node[]>((nodes, key) => nodes.flatMap((node) => step(node, key)), [schema]);
  const entries = maps.flatMap(variants).flatMap((node) => Object.entries(node.properties ?? {}));
  return {
    here: [...new Set(entries.map(([key]) => key))],
    below: entries.flatMap(([key, node]) =>
      variants(node).flatMap((part) => Object.keys(part.properties ?? {}).map((inner) => `${key}.${inner}`)),
    ),
  };
}

function step(node: Node, key: string | number): Node[] {
  return variants(node).flatMap((variant) => {
    if (typeof key === 'number') return variant.items ?? [];
    const { additionalProperties: others } = variant;
    return variant.properties?.[key] ?? (typeof others === 'object' ? others : []);
  });
}

function variants(node: Node): Node[] {
  const parts = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return parts.some((part) => part.properties !== undefined || part.items !== undefined)
    ? [node, ...parts]
    : [node];
}
