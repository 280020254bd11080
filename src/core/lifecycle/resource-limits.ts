// When a server uses too much: several samples must agree before anybody is told, more before it is restarted.
import type { LimitPolicy } from '../model/server-spec.ts';

/** What a server's tree used at one look. */
export interface LimitSample {
  /** Awake monotonic ms. */
  readonly at: number;
  readonly residentBytes: number;
  /** As `TreeUsage` has it; left out is unknown. */
  readonly footprintBytes?: number | null;
  /** False when an earlier sample has brought it already. */
  readonly footprintIsNew?: boolean;
  /** Cumulative seconds, as `TreeUsage` has it. */
  readonly cpuSeconds: number;
}

/** What memory limits are about: what macOS charges for, which holds what it compressed away, else what is resident. */
export function usedMemory({
  residentBytes,
  footprintBytes,
}: Pick<LimitSample, 'residentBytes' | 'footprintBytes'>): number {
  return footprintBytes ?? residentBytes;
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
  /** What downstream heard last: after a restart the level is ok again, but nobody has said so yet. */
  readonly told: LimitLevel;
}

interface CpuMark {
  readonly at: number;
  readonly cpuSeconds: number;
}

/** 3 of the last 4 samples: a spike of one sample means nothing. */
export const MEMORY_WINDOW = 4;
export const MEMORY_AGREEING = 3;

/** A starting program compiles itself, and a machine that wakes up catches up: neither is what `for` is about. */
export const CPU_GRACE = 30_000;

/** CPU is over until it is this far below the limit, so that a load right at the limit does not ring for ever. */
const CPU_CLEAR = 0.9;

/** @param at awake ms at which the process was started */
export function newLimitState(at: number): LimitState {
  const watch = { level: 'ok', told: 'ok', window: [] } as const;
  return { memory: watch, cpu: { ...watch, notBefore: at + CPU_GRACE } };
}

/** A new process owes nothing for what the old one used; that all is well again is told with its first sample. */
export function restartLimits(state: LimitState, at: number): LimitState {
  return {
    memory: { level: 'ok', told: state.memory.told, window: [] },
    cpu: { level: 'ok', told: state.cpu.told, window: [], notBefore: at + CPU_GRACE },
  };
}

/** After a gap samples are not neighbours any more: levels stay, evidence is collected anew. */
export function forgetSamples(state: LimitState, at: number): LimitState {
  return {
    memory: { ...state.memory, window: [] },
    cpu: { ...state.cpu, window: [], notBefore: at + CPU_GRACE },
  };
}

/** Returns what changed since the last look, at most one change for each resource. */
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
  // One look at the footprint is one piece of evidence, however many samples repeat it.
  const isEvidence = sample.footprintIsNew !== false;
  const window = isEvidence ? [...memory.window, value].slice(-MEMORY_WINDOW) : memory.window;
  const level = memoryLevel(window, memory.level, thresholds);
  return { before: memory.told, watch: { level, told: level, window }, value };
}

function memoryLevel(window: readonly number[], current: LimitLevel, { soft, hard }: Thresholds): LimitLevel {
  if (agrees(window, hard)) return 'hard';
  if (agrees(window, soft)) return 'soft';
  const limit = lowest({ soft, hard });
  const below = window.filter((bytes) => limit === null || bytes <= limit).length;
  // To step down takes as many samples as to step up, also after a gap emptied the window.
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
    before: cpu.told,
    watch: { level, told: level, window, notBefore: cpu.notBefore },
    value: cores ?? 0,
  };
}

/** Keeps one mark that is at least `span` old, to measure from; the younger ones will take its place. */
function slide(window: readonly CpuMark[], { at, cpuSeconds }: LimitSample, span: number): CpuMark[] {
  const marks = [...window, { at, cpuSeconds }];
  const from = marks.findLastIndex((mark) => at - mark.at >= span);
  return from === -1 ? marks : marks.slice(from);
}

/** Null until the marks reach back far enough. */
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
