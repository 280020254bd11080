// Check for port conflicts: each configured port is free or held by the daemon and its servers.
import { localPort } from '../../supervisor/prepare.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import type { PortOwner } from '../../system/net/port-owner.ts';
import { type Check, type Finding, orOk, problem, unknown } from '../check.ts';
import { describeNoConfig, type DoctorContext } from '../context.ts';

interface ConfiguredPort {
  /** For people: whose port it is; `key` is where to change it. */
  readonly who: string;
  readonly key: string;
  readonly port: number;
  readonly host?: string;
}

export const ports: Check = {
  id: 'ports',
  title: 'Ports',
  async run(context) {
    if (context.config.kind === 'invalid') return [unknown(describeNoConfig(context.config))];
    const configured = configuredPorts(context.config.loaded);
    const ours = await ownPids(context);
    const findings = await Promise.all(configured.map((one) => conflictAt(one, ours, context)));
    const list = configured.map(({ port }) => port).join(', ');
    return orOk(
      [...duplicates(configured), ...findings.filter((finding) => finding !== null)],
      list === '' ? 'no fixed ports' : `${list}: no conflicts`,
    );
  },
};

function configuredPorts({ config, servers }: LoadedConfig): ConfiguredPort[] {
  const { host, port } = config.metrics;
  const own = port === 0 ? [] : [{ who: '/metrics', key: 'metrics.listen', port, host }];
  const theirs = servers
    // A server that is only probed holds its own port by design; a disabled one needs none.
    .filter(({ source, enabled }) => source.kind !== 'url' && enabled)
    .flatMap(({ name, url }) => {
      const port = localPort(url);
      return port === null ? [] : [{ who: name, key: `servers.${name}.url and its args`, port }];
    });
  return [...own, ...theirs];
}

function duplicates(configured: readonly ConfiguredPort[]): Finding[] {
  return configured.flatMap(({ who, port, key }, index) => {
    const first = configured.findIndex((other) => other.port === port);
    const other = configured[first];
    if (first === index || other === undefined) return [];
    return [problem(`${who} uses port ${port}, which ${other.who} uses too`, `set another port in ${key}`)];
  });
}

/** Pids of the daemon and its descendants; empty when none runs. */
async function ownPids(context: DoctorContext): Promise<ReadonlySet<number>> {
  const answer = await context.daemon();
  return answer.kind === 'running'
    ? withDescendants(answer.status.daemon.pid, await context.processes())
    : new Set();
}

function withDescendants(root: number, rows: readonly ProcessRow[]): Set<number> {
  const pids = new Set([root]);
  for (const pid of pids) for (const row of rows) if (row.ppid === pid) pids.add(row.pid);
  return pids;
}

async function conflictAt(
  { who, key, port, host }: ConfiguredPort,
  ours: ReadonlySet<number>,
  context: DoctorContext,
): Promise<Finding | null> {
  const owner = await context.whoListens(port, host);
  if (owner === null || (owner.pid !== null && ours.has(owner.pid))) return null;
  return problem(
    `port ${port} of ${who} is held by ${nameOf(owner)}`,
    `end that process, or set another port in ${key}`,
  );
}

function nameOf({ pid, command }: PortOwner): string {
  return pid === null ? 'a process of another user' : `pid ${pid} (${command ?? 'unknown command'})`;
}
