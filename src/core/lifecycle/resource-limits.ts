// Memory and CPU limits: several samples must agree before a limit counts as exceeded.
import type { LimitPolicy } from '../model/server-spec.ts';

/** Resource usage of a server's process tree at one time. */
interface LimitSample {
  /** Awake monotonic ms. */
  readonly at: number;
  readonly residentBytes: number;
  /** As `TreeUsage` has it; left out is unknown. */
  readonly footprintBytes?: number | null;
  /** False when an earlier sample already had it. */
  readonly footprintIsNew?: boolean;
  /** The same for proportional memory. */
  readonly proportionalBytes?: number | null;
  readonly proportionalIsNew?: boolean;
  /** Cumulative seconds, as `TreeUsage` has it. */
  readonly cpuSeconds: number;
}

/**
 * Returns the memory that limits apply to: on macOS the footprint, which includes compressed pages; on Linux proportional
 * memory, in which a page that several processes share counts once; where neither is known, resident memory.
 */
export function usedMemory({
  residentBytes,
  footprintBytes,
  proportionalBytes,
}: Pick<LimitSample, 'residentBytes' | 'footprintBytes' | 'proportionalBytes'>): number {
  return footprintBytes ?? proportionalBytes ?? residentBytes;
}

type LimitLevel = 'ok' | 'soft' | 'hard';

/** `value` and `limit` are bytes or cores; `limit` is the one that was passed, or the lowest one when all is well. */
export interface LimitChange {
  readonly resource: 'memory' | 'cpu';
  readonly level: LimitLevel;
  readonly value: number;
  readonly limit: number;
}

export interface LimitState {
  readonly memory: Watch & { readonly window: readonly number[] };
  readonly cpu: Watch & { readonly window: readonly CpuMark[]; readonly notBefore: number };
}

interface Watch {
  readonly level: LimitLevel;
  /** Level of the last event: after a restart the level is ok again before an event says so. */
  readonly reported: LimitLevel;
}

interface CpuMark {
  readonly at: number;
  readonly cpuSeconds: number;
}

/** 3 of the last 4 samples must agree: a spike of one sample means nothing. */
export const MEMORY_WINDOW = 4;
export const MEMORY_AGREEING = 3;

/**
 * CPU is not judged for so long after a start or a gap, ms: starting programs and waking machines are busy for other
 * reasons.
 */
export const CPU_GRACE = 30_000;

/** CPU stays over the limit until it is below this share of it, so that a load right at the limit does not alternate. */
const CPU_CLEAR = 0.9;

/** @param at awake ms at which the process was started */
export function newLimitState(at: number): LimitState {
  const watch = { level: 'ok', reported: 'ok', window: [] } as const;
  return { memory: watch, cpu: { ...watch, notBefore: at + CPU_GRACE } };
}

/** Starts over for a new process; its first sample reports that the level is ok again. */
export function restartLimits(state: LimitState, at: number): LimitState {
  return {
    memory: { level: 'ok', reported: state.memory.reported, window: [] },
    cpu: { level: 'ok', reported: state.cpu.reported, window: [], notBefore: at + CPU_GRACE },
  };
}

/** Drops all samples after a gap, because they no longer follow each other; levels stay. */
export function forgetSamples(state: LimitState, at: number): LimitState {
  return {
    memory: { ...state.memory, window: [] },
    cpu: { ...state.cpu, window: [], notBefore: at + CPU_GRACE },
  };
}

/** Takes in a sample and returns the changes of level, at most one for each resource. */
export function judgeSample(
  state: LimitState,
  sample: LimitSample,
  policy: LimitPolicy,
): { readonly state: LimitState; readonly changes: readonly LimitChange[] } {
  const memory = judgeMemory(state.memory, sample, policy.memory);
  const cpu = judgeCpu(state.cpu, sample, policy.cpu);
  return {
    state: { memory: memory.watch, cpu: cpu.watch },
    changes: [...changeOf('memory', memory, policy.memory), ...changeOf('cpu', cpu, policy.cpu)],
  };
}

interface Thresholds {
  readonly soft: number | null;
  readonly hard: number | null;
}

interface Judgement<W extends Watch> {
  readonly before: LimitLevel;
  readonly watch: W;
  readonly value: number;
}

function judgeMemory(
  memory: LimitState['memory'],
  sample: LimitSample,
  thresholds: Thresholds,
): Judgement<LimitState['memory']> {
  const value = usedMemory(sample);
  const window = isMemoryEvidence(sample, thresholds)
    ? [...memory.window, value].slice(-MEMORY_WINDOW)
    : memory.window;
  const level = memoryLevel(window, memory.level, thresholds);
  return { before: memory.reported, watch: { level, reported: level, window }, value };
}

/** A reading counts once, however many samples repeat it; but resident memory below every limit is evidence by itself. */
function isMemoryEvidence(sample: LimitSample, thresholds: Thresholds): boolean {
  if (sample.footprintIsNew === false) return false;
  const limit = lowest(thresholds);
  return sample.proportionalIsNew !== false || limit === null || sample.residentBytes <= limit;
}

function memoryLevel(window: readonly number[], current: LimitLevel, { soft, hard }: Thresholds): LimitLevel {
  if (agrees(window, hard)) return 'hard';
  if (agrees(window, soft)) return 'soft';
  const limit = lowest({ soft, hard });
  const below = window.filter((bytes) => limit === null || bytes <= limit).length;
  // Going down takes as many samples as going up, also after a gap emptied the window.
  return current === 'ok' || below >= MEMORY_AGREEING ? 'ok' : current;
}

function agrees(window: readonly number[], limit: number | null): boolean {
  return limit !== null && window.filter((bytes) => bytes > limit).length >= MEMORY_AGREEING;
}

function judgeCpu(
  cpu: LimitState['cpu'],
  sample: LimitSample,
  policy: LimitPolicy['cpu'],
): Judgement<LimitState['cpu']> {
  const span = Math.max(1, policy.for);
  const window = sample.at < cpu.notBefore ? [] : slide(cpu.window, sample, span);
  const cores = averageCores(window, span);
  const level = cores === null ? cpu.level : cpuLevel(cores, cpu.level, policy);
  return {
    before: cpu.reported,
    watch: { level, reported: level, window, notBefore: cpu.notBefore },
    value: cores ?? 0,
  };
}

/** Drops old marks but one that is at least `span` old, to measure from. */
function slide(window: readonly CpuMark[], { at, cpuSeconds }: LimitSample, span: number): CpuMark[] {
  const marks = [...window, { at, cpuSeconds }];
  const from = marks.findLastIndex((mark) => at - mark.at >= span);
  return from === -1 ? marks : marks.slice(from);
}

/** Returns the average over `span`; null until the marks reach back far enough. */
function averageCores(window: readonly CpuMark[], span: number): number | null {
  const first = window[0];
  const last = window.at(-1);
  if (first === undefined || last === undefined || first === last || last.at - first.at < span) return null;
  return ((last.cpuSeconds - first.cpuSeconds) * 1000) / (last.at - first.at);
}

function cpuLevel(cores: number, current: LimitLevel, { soft, hard }: Thresholds): LimitLevel {
  if (isOver(cores, hard, current === 'hard')) return 'hard';
  return isOver(cores, soft, current !== 'ok') ? 'soft' : 'ok';
}

function isOver(cores: number, limit: number | null, wasOver: boolean): boolean {
  return limit !== null && cores > (wasOver ? limit * CPU_CLEAR : limit);
}

function changeOf(
  resource: LimitChange['resource'],
  { before, watch, value }: Judgement<Watch>,
  thresholds: Thresholds,
): LimitChange[] {
  if (before === watch.level) return [];
  const limit = watch.level === 'ok' ? lowest(thresholds) : thresholds[watch.level];
  return [{ resource, level: watch.level, value, limit: limit ?? 0 }];
}

function lowest({ soft, hard }: Thresholds): number | null {
  return soft ?? hard;
}
