// What becomes of updates that were under way when an earlier daemon ended: decided before any server is started.
import type { ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import { afterOutcome } from '../core/update/update-memory.ts';
import { recover, type Recovery, type SavedProgress, toSave } from '../core/update/update-record.ts';
import { IDLE_UPDATE, type UpdateState, type RollbackVerdict } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';
import type { UpdateRecords } from './records.ts';
import type { PackageSpec } from './update-store.ts';

export interface Recovered {
  readonly spec: PackageSpec;
  readonly state: UpdateState;
  readonly baselineBytes: number | null;
  /** An update has come to its end. */
  readonly isNews: boolean;
}

export interface RecoverOptions {
  readonly parts: Pick<UpdatePorts, 'packages'>;
  readonly records: UpdateRecords;
  readonly clock: Clock;
  readonly onFault: (error: unknown, server: string) => void;
}

/** @returns what there was, by server; nothing is started, and nothing is asked of the network */
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

/** Nobody knows any more what it was about: links are left alone. */
function forget(server: string, records: UpdateRecords): void {
  const record = records.get(server);
  if (record !== undefined) records.set(server, { ...record, progress: null });
}

async function recoverOne(
  spec: PackageSpec,
  progress: SavedProgress,
  options: RecoverOptions,
): Promise<Recovered | null> {
  const { records, clock } = options;
  const record = records.of(spec.name, spec.source.package);
  // Another package.
  if (record.progress === null) return null;
  const isWanted = progress.plan.wish === spec.source.version;
  const recovery = isWanted ? recover(progress) : outdated(progress, spec.source.version);
  const { state, outcome } = await carryOut(spec, recovery, progress, options);
  const { baselineBytes } = progress;
  const memory = outcome === null ? record.memory : afterOutcome(record.memory, outcome, clock.now());
  records.set(spec.name, { ...record, memory, progress: toSave(state, baselineBytes) });
  return { spec, state, baselineBytes, isNews: outcome !== null };
}

/** Another version is wanted since: the config has the last word, and the installer finds what fulfils it. */
function outdated({ phase, plan }: SavedProgress, wish: string): Recovery {
  const isUntouched = phase === 'installing' || phase === 'canary' || phase === 'waiting';
  const reason = `its config asks for ${wish} now`;
  const outcome = { plan, result: 'held', reason, bad: null, runs: isUntouched ? 'from' : null } as const;
  return { state: IDLE_UPDATE, link: null, outcome };
}

/** A link that cannot be moved now is moved later; what is started does not depend on it. */
async function carryOut(
  spec: ServerSpec,
  recovery: Recovery,
  { plan, verdict }: SavedProgress,
  { parts, onFault, clock }: RecoverOptions,
): Promise<Pick<Recovery, 'state' | 'outcome'>> {
  const { link, outcome } = recovery;
  if (link === null) return recovery;
  try {
    await parts.packages.switchTo(spec, link);
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
