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

/** Lists the tools of a server that runs, now; null when it does not answer. */
export async function listOfferedTools(
  { prober, supervisor }: ToolSources,
  { servers }: Status,
  server: string,
): Promise<readonly OfferedTool[] | null> {
  const listed = await prober.tools(server);
  const spec = supervisor.specs().find(({ name }) => name === server);
  if (listed === null || spec === undefined) return null;
  const changed = servers.find(({ name }) => name === server)?.changedTools ?? [];
  const accessOf = createAccessReader(spec, listed, new Set(changed));
  return listed.map((tool) => ({ ...tool, access: accessOf(tool.name) }));
}
