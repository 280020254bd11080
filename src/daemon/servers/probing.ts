// Prober of the daemon: probes each server that runs and each that has only a url, and reports failures to the supervisor.
import { type PortProof, proveOwner, findPortOwner } from '../../system/net/port-owner.ts';
import { readProcessTable } from '../../system/process/process-table.ts';
import { buildProcessTrees, type TreeRoot } from '../../core/lifecycle/process-tree.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { createProber, type Prober } from '../../probes/prober.ts';
import { childEnvironment } from '../../supervisor/environment.ts';
import { localPort } from '../../supervisor/prepare.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { withPrivacyQuestion } from '../../service/launchd/protected-folders.ts';
import { createMachine } from '../../service/shared/machine.ts';
import type { Bus } from '../../system/bus.ts';
import { userHome } from '../../system/files/paths.ts';
import { isDarwin } from '../../system/platform.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface ProbingParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly version: string;
  /** Read lazily: the supervisor is created after the prober, whose targets its processes are. */
  readonly supervisor: () => Supervisor;
}

/** Opens a prober that reports to the supervisor, and that itself watches servers which have only a url. */
export function openProbing({ clock, bus, version, supervisor }: ProbingParts): Prober {
  const leave = new Map<string, () => Promise<void>>();
  const prober = createProber({
    clock,
    bus,
    version,
    onReady: (server, run) => supervisor().ready(server, run),
    onRefused: (server, run, error) => supervisor().refused(server, run, error),
    onUnhealthy: (server, run, detail, quote) =>
      supervisor().failing(server, run, {
        reason: 'probe',
        detail: explained(detail, supervisor().runner(server)?.spec),
        quote,
      }),
    // Nobody else can have a session of it yet, so a restart takes nothing from anybody.
    onSessionTaken: (server) =>
      supervisor().restart(server, {
        reason: 'requested',
        detail: 'the first probe had taken the only session that it gives',
      }),
    environment: (spec) => childEnvironment(process.env, spec.env),
    isStopped: (server) => hasStoppedProcess(supervisor().runner(server)?.process?.leader),
    checkOwnership: createOwnershipCheck(supervisor, clock),
  });

  function watchUrl(spec: ServerSpec): void {
    if (spec.source.kind !== 'url' || !spec.enabled) return;
    leave.set(spec.name, prober.watch({ spec, run: 0, connection: null }));
  }

  async function leaveUrl(server: string): Promise<void> {
    const goodbye = leave.get(server);
    leave.delete(server);
    await goodbye?.();
  }

  bus.subscribe((event) => {
    if (event.kind === 'server-added') watchUrl(event.spec);
    if (event.kind === 'server-removed') void leaveUrl(event.server);
    if (event.kind !== 'server-changed') return;
    if (event.spec.source.kind !== 'url') return prober.updateSpec(event.spec);
    // Not awaited: the next change, or the removal, may come before its end.
    void leaveUrl(event.server);
    watchUrl(event.spec);
  });
  return prober;
}

/** Adds what macOS may have to do with it. */
function explained(detail: string, spec: ServerSpec | undefined): string {
  if (!isDarwin || spec === undefined) return detail;
  return withPrivacyQuestion(detail, spec, { ...createMachine(), userHome: userHome() });
}

/** Tells whether any process of the tree is stopped; false where that cannot be read. */
async function hasStoppedProcess(leader: TreeRoot | undefined): Promise<boolean> {
  if (leader === undefined) return false;
  try {
    const [tree] = buildProcessTrees(await readProcessTable(), [leader], new Map());
    return tree?.members.some(({ isStopped }) => isStopped === true) ?? false;
  } catch {
    return false;
  }
}

type Ownership = { ok: true } | { ok: false; detail: string };

/** Checks who holds the port: an answer on it proves nothing about our process, which may have lost it or moved on. */
function createOwnershipCheck(
  supervisor: () => Supervisor,
  clock: Clock,
): (server: string) => Promise<Ownership> {
  const proofs = new Map<
    string,
    { readonly pid: number; readonly port: number; readonly holds: PortProof }
  >();

  return async (server) => {
    const runner = supervisor().runner(server);
    const leader = runner?.process?.leader;
    const port = localPort(runner?.spec.url ?? null);
    if (leader === undefined || port === null) return { ok: true };
    const known = proofs.get(server);
    if (known?.pid === leader.pid && known.port === port && known.holds()) return { ok: true };
    const [tree] = buildProcessTrees(await readProcessTable(), [leader], new Map());
    const proof = await proveOwner(port, tree?.members.map(({ pid }) => pid) ?? [], clock);
    if (proof === false)
      return { ok: false, detail: `port ${port} is held by ${await nameHolder(port)}, not by this server` };
    if (typeof proof === 'function') proofs.set(server, { pid: leader.pid, port, holds: proof });
    // Where the system does not tell who holds a port, the answer itself counts.
    return { ok: true };
  };
}

async function nameHolder(port: number): Promise<string> {
  const holder = await findPortOwner(port);
  return holder === null
    ? 'nobody'
    : `pid ${holder.pid ?? 'unknown'} (${holder.command ?? 'unknown command'})`;
}
