// Update record of one server in the state file: its saved form, its checked reading, and how a new daemon recovers from it.
import { isObject } from '../base/guards.ts';
import { type HeldVersion, NO_UPDATES, type UpdateCheck, type UpdateMemory } from '../model/update.ts';
import { HELD_REASONS, UPDATE_PHASES, UPDATE_RESULTS } from '../model/vocabulary.ts';
import { rollbackOutcome } from './update-machine.ts';
import {
  IDLE_UPDATE,
  type RollbackVerdict,
  type UpdateOutcome,
  type UpdatePlan,
  type UpdateState,
  type UpdateUnderWay,
} from './update-state.ts';

/** An update as the state file holds it: without deadlines, which mean nothing to another daemon. */
export interface SavedProgress {
  readonly phase: UpdateUnderWay['phase'];
  readonly plan: UpdatePlan;
  readonly notice: string | null;
  readonly verdict: RollbackVerdict | null;
  /** Daemons that died during this probation. */
  readonly deaths: number;
  /** Memory that the old version used, bytes; null when not known. */
  readonly baselineBytes: number | null;
  /** The daemon was stopped in an orderly way, which does not count as a death. */
  readonly isPaused: boolean;
}

/** One server of `updates` in `run/state.json`. It belongs to one package and says nothing about another. */
export interface UpdateRecord {
  readonly package: string;
  readonly memory: UpdateMemory;
  readonly progress: SavedProgress | null;
  /** ms since the epoch; null for never. */
  readonly checkedAt: number | null;
  readonly outlook: UpdateCheck | null;
}

export function newRecord(packageName: string): UpdateRecord {
  return { package: packageName, memory: NO_UPDATES, progress: null, checkedAt: null, outlook: null };
}

/** Turns the state into its saved form; null while no update is under way. */
export function toSave(state: UpdateState, baselineBytes: number | null): SavedProgress | null {
  if (state.phase === 'idle') return null;
  return {
    // Nothing has changed before the link has: the backup that is made now holds this state and must not say otherwise.
    phase: state.phase === 'switching' && state.step === 'back-up' ? 'waiting' : state.phase,
    plan: state.plan,
    notice: 'notice' in state ? state.notice : null,
    verdict: state.phase === 'rolling_back' ? state.verdict : null,
    deaths: state.phase === 'probation' ? state.deaths : 0,
    baselineBytes,
    isPaused: false,
  };
}

/**
 * Starting point of a new daemon. `link`: the version that `current` must lead to before anything is started; null
 * leaves it.
 */
export interface Recovery {
  readonly state: UpdateState;
  readonly outcome: UpdateOutcome | null;
  readonly link: string | null;
}

/** Daemons that may die during one probation before the new version is blamed. */
const MOST_DEATHS = 3;

/**
 * Decides how a new daemon goes on with an update that was under way: back to the old version, or a new probation of
 * the new one.
 */
export function recover({ phase, plan, notice, verdict, deaths, isPaused }: SavedProgress): Recovery {
  switch (phase) {
    case 'installing':
    case 'canary':
    case 'waiting':
      return { state: IDLE_UPDATE, link: null, outcome: interrupted(plan, 'failed') };
    case 'switching':
      return { state: IDLE_UPDATE, link: plan.from, outcome: interrupted(plan, 'rolled_back') };
    case 'rolling_back':
      return { state: IDLE_UPDATE, link: plan.from, outcome: rollbackOutcome(plan, verdict ?? UNKNOWN) };
    case 'probation': {
      const died = isPaused ? deaths : deaths + 1;
      if (died >= MOST_DEATHS)
        return { state: IDLE_UPDATE, link: plan.from, outcome: rollbackOutcome(plan, tooManyDeaths(died)) };
      const state: UpdateState = { phase, plan, notice, deadline: null, isUp: false, deaths: died };
      return { state, link: plan.to, outcome: null };
    }
    default:
      return phase satisfies never;
  }
}

function interrupted(plan: UpdatePlan, result: 'failed' | 'rolled_back'): UpdateOutcome {
  return { plan, result, reason: 'interrupted: the watchdog ended meanwhile', bad: null, runs: 'from' };
}

const UNKNOWN: RollbackVerdict = { reason: 'of unknown reason', isBad: false, isAsked: false };

function tooManyDeaths(deaths: number): RollbackVerdict {
  return {
    reason: `the watchdog died ${deaths} times while it was on probation`,
    isBad: true,
    isAsked: false,
  };
}

/**
 * Reads what an earlier daemon saved.
 *
 * @param saved JSON of any age and shape.
 * @returns records by server, and the servers whose record is implausible
 */
export function readRecords(saved: unknown): {
  readonly records: ReadonlyMap<string, UpdateRecord>;
  readonly dropped: readonly string[];
} {
  const records = new Map<string, UpdateRecord>();
  const dropped: string[] = [];
  for (const [server, value] of Object.entries(isObject(saved) ? saved : {})) {
    const record = readRecord(value);
    if (record === null) dropped.push(server);
    else records.set(server, record.record);
    if (record?.isDamaged === true) dropped.push(server);
  }
  return { records, dropped };
}

function readRecord(value: unknown): { record: UpdateRecord; isDamaged: boolean } | null {
  if (!isObject(value) || !isText(value['package'])) return null;
  const progress = readProgress(value['progress']);
  const checkedAt = isNumber(value['checkedAt']) ? value['checkedAt'] : null;
  const record = {
    package: value['package'],
    memory: readMemory(value['memory']),
    progress,
    checkedAt,
    outlook: readOutlook(value['outlook']),
  };
  return { record, isDamaged: progress === null && (value['progress'] ?? null) !== null };
}

function readMemory(value: unknown): UpdateMemory {
  if (!isObject(value)) return NO_UPDATES;
  const { previous, bad, pinned, chosen } = value;
  return {
    previous: textOrNull(previous),
    bad: Array.isArray(bad) ? bad.flatMap(readBad) : [],
    pinned: textOrNull(pinned),
    chosen:
      isObject(chosen) && isText(chosen['wish']) && isText(chosen['version'])
        ? { wish: chosen['wish'], version: chosen['version'] }
        : null,
    last: readLast(value['last']),
  };
}

function readBad(value: unknown): UpdateMemory['bad'][number][] {
  if (!isObject(value)) return [];
  const { version, reason, at } = value;
  return isText(version) && isText(reason) && isNumber(at) ? [{ version, reason, at }] : [];
}

function readLast(value: unknown): UpdateMemory['last'] {
  if (!isObject(value)) return null;
  const { at, from, to, reason } = value;
  const result = UPDATE_RESULTS.find((one) => one === value['result']);
  if (result === undefined || !isNumber(at) || !isText(from) || !isText(to)) return null;
  return { at, from, to, result, reason: textOrNull(reason) };
}

function readProgress(value: unknown): SavedProgress | null {
  if (!isObject(value)) return null;
  const phase = UPDATE_PHASES.find((one) => one === value['phase']);
  const plan = readPlan(value['plan']);
  if (phase === undefined || phase === 'idle' || plan === null) return null;
  const { notice, deaths, baselineBytes, isPaused } = value;
  return {
    phase,
    plan,
    notice: textOrNull(notice),
    verdict: readVerdict(value['verdict']),
    deaths: isNumber(deaths) && deaths > 0 ? deaths : 0,
    baselineBytes: isNumber(baselineBytes) ? baselineBytes : null,
    isPaused: isPaused === true,
  };
}

function readPlan(value: unknown): UpdatePlan | null {
  if (!isObject(value)) return null;
  const { kind, from, to, by, wish, isPin, since } = value;
  if (kind !== 'update' && kind !== 'rollback') return null;
  if (by !== 'schedule' && by !== 'operator') return null;
  if (!isText(from) || !isText(to) || !isText(wish) || !isNumber(since)) return null;
  return { kind, from, to, by, wish, isPin: isPin === true, since };
}

function readVerdict(value: unknown): RollbackVerdict | null {
  if (!isObject(value) || !isText(value['reason'])) return null;
  return {
    reason: value['reason'],
    isBad: value['isBad'] === true,
    isAsked: value['isAsked'] === true,
  };
}

function readOutlook(value: unknown): UpdateCheck | null {
  if (!isObject(value)) return null;
  const { server, held } = value;
  if (!isText(server) || !isText(value['package']) || !Array.isArray(held)) return null;
  return {
    server,
    package: value['package'],
    running: textOrNull(value['running']),
    latest: textOrNull(value['latest']),
    candidate: textOrNull(value['candidate']),
    held: held.flatMap(readHeld),
    error: textOrNull(value['error']),
  };
}

function readHeld(value: unknown): HeldVersion[] {
  if (!isObject(value)) return [];
  const { version, detail } = value;
  const reason = HELD_REASONS.find((one) => one === value['reason']);
  return isText(version) && isText(detail) && reason !== undefined ? [{ version, reason, detail }] : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function textOrNull(value: unknown): string | null {
  return isText(value) ? value : null;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
