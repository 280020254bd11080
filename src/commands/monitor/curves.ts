// Curves of one server: memory, CPU and the 95th percentile of its requests, from the history of the daemon.
import type { QueryAnswer } from '../../core/metrics/query-result.ts';
import type { CommandContext } from '../shared/command.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import type { Curves } from './model.ts';

/** Points of a curve: a terminal shows hardly more columns. */
const POINTS = 72;

/** Asks for the last minutes; null when the daemon keeps no history. */
export async function readCurves(
  context: CommandContext,
  server: string,
  minutes: number,
): Promise<Curves | null> {
  const label = `{server=${JSON.stringify(server)}}`;
  const end = context.io.clock.now() / 1000;
  const step = Math.max(15, (minutes * 60) / POINTS);
  const parameters = { start: String(end - step * (POINTS - 1)), end: String(end), step: String(step) };
  try {
    return await withDaemon(context, async (daemon) => {
      const ask = async (query: string) =>
        values(await daemon.request('query', { path: 'query_range', parameters: { ...parameters, query } }), {
          end,
          step,
        });
      return {
        memory: await ask(`max(mcp_watchdog_server_resident_memory_bytes${label})`),
        cpu: await ask(`sum(rate(mcp_watchdog_server_cpu_seconds_total${label}[1m]))`),
        p95: await ask(
          `1000 * histogram_quantile(0.95, sum by (le) (rate(mcp_server_operation_duration_seconds_bucket${label}[5m])))`,
        ),
      };
    });
  } catch {
    return null;
  }
}

/** Puts the points of the first series on the steps. */
function values(
  answer: QueryAnswer,
  { end, step }: { readonly end: number; readonly step: number },
): readonly (number | null)[] {
  const found: (number | null)[] = Array.from({ length: POINTS }, () => null);
  if (answer.status === 'error' || answer.data.resultType !== 'matrix') return found;
  for (const [seconds, written] of answer.data.result[0]?.values ?? []) {
    const index = POINTS - 1 - Math.round((end - seconds) / step);
    const value = Number(written);
    if (index >= 0 && index < POINTS && Number.isFinite(value)) found[index] = value;
  }
  return found;
}
