// Whether the ports of the config are held by those who should have them.
import { localPort } from '../../supervisor/prepare.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import type { ProcessRow } from '../../core/lifecycle/process-tree.ts';
import type { PortOwner } from '../../system/net/port-owner.ts';
import { type Check, type Finding, orOk, problem, unknown } from '../check.ts';
import type { DoctorContext } from '../context.ts';

interface Wanted {
  /** For people: whose port it is, and where it is set. */
  readonly who: string;
  readonly key: string;
  readonly port: number;
  readonly host?: string;
}

export const ports: Check = {
  id: 'ports',
  title: 'Ports',
  async run(context) {
    if (context.config.kind === 'invalid') return [unknown('there is no config that can be used')];
    const wanted = wantedBy(context.config.loaded);
    const ours = await familyOf(context);
    const findings = await Promise.all(wanted.map((one) => conflictAt(one, ours, context)));
    const list = wanted.map(({ port }) => port).join(', ');
    return orOk(
      [...twice(wanted), ...findings.filter((finding) => finding !== null)],
      list === '' ? 'none is fixed' : `${list}: nobody else has them`,
    );
  },
};

function wantedBy({ config, servers }: LoadedConfig): Wanted[] {
  const { host, port } = config.metrics;
  const own = port === 0 ? [] : [{ who: '/metrics', key: 'metrics.listen', port, host }];
  const theirs = servers
    // What is only watched is somebody else's by design; what is off needs no port.
    .filter(({ source, enabled }) => source.kind !== 'url' && enabled)
    .flatMap(({ name, url }) => {
      const port = localPort(url);
      return port === null ? [] : [{ who: name, key: `servers.${name}.url and its args`, port }];
    });
  return [...own, ...theirs];
}

function twice(wanted: readonly Wanted[]): Finding[] {
  return wanted.flatMap(({ who, port, key }, index) => {
    const first = wanted.findIndex((other) => other.port === port);
    const other = wanted[first];
    if (first === index || other === undefined) return [];
    return [problem(`${who} wants port ${port}, which ${other.who} has`, `set another port in ${key}`)];
  });
}

/** The daemon and everything below it; empty when none runs. */
async function familyOf(context: DoctorContext): Promise<ReadonlySet<number>> {
  const answer = await context.daemon();
  return answer.kind === 'running'
    ? withDescendants(answer.status.daemon.pid, await context.processes())
    : new Set();
}

function withDescendants(root: number, rows: readonly ProcessRow[]): Set<number> {
  const family = new Set([root]);
  for (const pid of family) for (const row of rows) if (row.ppid === pid) family.add(row.pid);
  return family;
}

async function conflictAt(
  { who, key, port, host }: Wanted,
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
