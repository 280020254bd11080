// Tools of a server as people are shown them: what it lists now, and what clients may do with each.
import type { OfferedTool } from '../../core/tools/tool-diff.ts';
import type { Status } from '../../core/model/status.ts';
import type { Prober } from '../../probes/prober.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { createAccessReader } from '../gateway/tool-rules.ts';

interface ToolSources {
  readonly prober: Pick<Prober, 'tools'>;
  readonly supervisor: Pick<Supervisor, 'specs'>;
}

/** `reason`: why there is no list, one line that ends a sentence; it may quote the server. */
export type OfferedTools =
  | { readonly tools: readonly OfferedTool[] }
  | { readonly tools: null; readonly reason: string };

/** Lists the tools of a server that runs, now. */
export async function listOfferedTools(
  { prober, supervisor }: ToolSources,
  { servers }: Status,
  server: string,
): Promise<OfferedTools> {
  const listed = await prober.tools(server);
  const spec = supervisor.specs().find(({ name }) => name === server);
  if (listed === null || spec === undefined) return { tools: null, reason: NOT_ASKED };
  if (!listed.ok) return { tools: null, reason: listed.detail };
  const changed = servers.find(({ name }) => name === server)?.changedTools ?? [];
  const accessOf = createAccessReader(spec, listed.tools, new Set(changed));
  return { tools: listed.tools.map((tool) => ({ ...tool, access: accessOf(tool.name) })) };
}

const NOT_ASKED = 'it is not ready, or its probe speaks no MCP';
