// Recovery of updates that were under way when an earlier daemon ended; done before any server is started.
import type { PackageSpec, ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import { afterOutcome } from '../core/update/update-memory.ts';
import { recover, type Recovery, type SavedProgress, toSave } from '../core/update/update-record.ts';
import { IDLE_UPDATE, type UpdateState, type RollbackVerdict } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';
import type { UpdateRecords } from './update-store.ts';

export interface Recovered {
  readonly spec: PackageSpec;
  readonly state: UpdateState;
  readonly baselineBytes: number | null;
  /** An update has ended by the recovery. */
  readonly isNews: boolean;
}

export interface RecoverOptions {
  readonly ports: Pick<UpdatePorts, 'packages' | 'versionsOf'>;
  readonly records: UpdateRecords;
  readonly clock: Clock;
  readonly onFault: (error: unknown, server: string) => void;
}

/** Recovers all updates; starts nothing and needs no network. @returns what was found, by server */
export async function recoverAll(
  specs: readonly PackageSpec[],
  options: RecoverOptions,
): Promise<ReadonlyMap<string, Recovered>> {
  const { records } = options;
  const found = new Map<string, Recovered>();
  for (const server of records.servers()) {
    const spec = specs.find(({ name }) => name === server);
    const progress = records.get(server)?.progress ?? null;
    if (progress === null) continue;
    const recovered = spec === undefined ? null : await recoverOne(spec, progress, options);
    if (recovered === null) forget(server, records);
    else found.set(server, recovered);
  }
  return found;
}

/** Drops the progress of a server or package that is gone; links are left alone. */
function forget(server: string, records: UpdateRecords): void {
  const record = records.get(server);
  if (record !== undefined) records.set(server, { ...record, progress: null });
}

async function recoverOne(
  spec: PackageSpec,
  progress: SavedProgress,
  options: RecoverOptions,
): Promise<Recovered | null> {
  const { records, clock, ports } = options;
  const record = records.of(spec.name, spec.source.package);
  // The server has another package now.
  if (record.progress === null) return null;
  const isWanted = progress.plan.wish === spec.source.version;
  const recovery = isWanted ? recover(progress) : outdated(progress, spec.source.version);
  const { state, outcome } = await carryOut(spec, recovery, progress, options);
  const { baselineBytes } = progress;
  const { isSame } = ports.versionsOf(spec.source.manager);
  const memory =
    outcome === null ? record.memory : afterOutcome(record.memory, outcome, { at: clock.now(), isSame });
  records.set(spec.name, { ...record, memory, progress: toSave(state, baselineBytes) });
  return { spec, state, baselineBytes, isNews: outcome !== null };
}

/** Ends an update whose wish has changed since: the config decides, and the installer finds what satisfies it. */
function outdated({ phase, plan }: SavedProgress, wish: string): Recovery {
  const isUntouched = phase === 'installing' || phase === 'canary' || phase === 'waiting';
  const reason = `its config asks for ${wish} now`;
  const outcome = { plan, result: 'held', reason, bad: null, runs: isUntouched ? 'from' : null } as const;
  return { state: IDLE_UPDATE, link: null, outcome };
}

/** Switches the link; one that cannot be switched now is retried later, and what is started does not depend on it. */
async function carryOut(
  spec: ServerSpec,
  recovery: Recovery,
  { plan, verdict }: SavedProgress,
  { ports, onFault, clock }: RecoverOptions,
): Promise<Pick<Recovery, 'state' | 'outcome'>> {
  const { link, outcome } = recovery;
  if (link === null) return recovery;
  try {
    await ports.packages.switchTo(spec, link);
    return recovery;
  } catch (error) {
    onFault(error, spec.name);
    const reason = outcome?.reason ?? `${plan.to} cannot be linked: ${messageOf(error)}`;
    const known: RollbackVerdict = verdict ?? { reason, isBad: outcome?.bad === plan.to, isAsked: false };
    const deadline = clock.monotonic();
    return {
      state: { phase: 'rolling_back', plan, step: 'relink', isLinked: false, deadline, verdict: known },
      outcome: null,
    };
  }
}
