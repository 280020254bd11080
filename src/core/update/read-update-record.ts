// What an earlier daemon wrote down of updates, believed only as far as it makes sense.
import { isObject } from '../base/guards.ts';
import { type HeldVersion, NO_UPDATES, type UpdateCheck, type UpdateMemory } from '../model/update.ts';
import { HELD_REASONS, UPDATE_RESULTS } from '../model/vocabulary.ts';
import type { SavedProgress, UpdateRecord } from './update-record.ts';
import type { UpdatePlan, RollbackVerdict } from './update-state.ts';

/** @param saved JSON of whatever age and shape. @returns records by server, and who has one that makes no sense */
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

const PHASES = ['installing', 'canary', 'waiting', 'switching', 'probation', 'rolling_back'] as const;

function readProgress(value: unknown): SavedProgress | null {
  if (!isObject(value)) return null;
  const phase = PHASES.find((one) => one === value['phase']);
  const plan = readPlan(value['plan']);
  if (phase === undefined || plan === null) return null;
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
