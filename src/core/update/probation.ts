// Whether a version that was just switched to does well: from its first moment to the end of its probation.
import type { EventOf, WatchdogEvent } from '../model/events.ts';
import type { TreeUsage } from '../model/observations.ts';
import type { RestartReason } from '../model/vocabulary.ts';
import { usedMemory } from '../lifecycle/resource-limits.ts';
import { size } from '../base/format.ts';

export interface ProbationState {
  /** What the old version used, bytes, as `usedMemory` says it; null when that is not known. */
  readonly baselineBytes: number | null;
  /** `before`: what is heard is still of the old version; `spawned`: a process of the new one was there. */
  readonly stage: 'before' | 'begun' | 'spawned';
  /** Whether the server is up as of the last verdict. */
  readonly isUp: boolean;
  /** Why the server is down, and how often it failed since that was said; null while it is not down. */
  readonly down: { readonly detail: string | null; readonly failures: number } | null;
  /** All servers fail at once, which is nobody's fault. */
  readonly isGuarded: boolean;
  /** The most tools that it has shown; null before it has shown any. */
  readonly tools: number | null;
  /** Samples in a row with far more memory than the old version. */
  readonly heavySamples: number;
  /** Why the version is no good, one line; null while nothing is against it. Once set it stays. */
  readonly failure: string | null;
}

export interface ProbationBeginning {
  readonly baselineBytes: number | null;
  /** As many as its canary showed; left out where there was none. */
  readonly tools?: number | null;
  /** False when the server has still to be restarted with the new version: until then nothing counts. */
  readonly isUp?: boolean;
}

export function beginProbation({
  baselineBytes,
  tools = null,
  isUp = true,
}: ProbationBeginning): ProbationState {
  const stage = isUp ? 'spawned' : 'before';
  return {
    baselineBytes,
    stage,
    isUp,
    tools,
    down: null,
    isGuarded: false,
    heavySamples: 0,
    failure: null,
  };
}

/** Takes in one event of the server, or one of the whole machine; those of other servers must not come here. */
export function observeProbation(
  state: ProbationState,
  event: WatchdogEvent,
): { readonly state: ProbationState; readonly failure: string | null } {
  const next = state.failure === null ? judge(state, event) : state;
  return { state: next, failure: next.failure };
}

function judge(state: ProbationState, event: WatchdogEvent): ProbationState {
  // What was seen before a sleep says nothing of now.
  if (event.kind === 'gap') return { ...state, heavySamples: 0, down: null };
  if (event.kind === 'brake') return { ...state, isGuarded: event.failing > 0, down: null };
  if (event.kind === 'transition') return afterTransition(state, event);
  // The last words of the old version are not held against the new one.
  if (state.stage === 'before') return state;
  switch (event.kind) {
    case 'spawned':
      return { ...state, stage: 'spawned' };
    case 'restarted':
      return afterRestart(state, event);
    case 'start-failed':
      return failed(state, event.failure.message);
    case 'health':
      return afterHealth(state, event);
    case 'sampled':
      return afterSample(state, event.usage);
    case 'probed':
      return afterProbe(state, event);
    default:
      return state;
  }
}

/** Our own end, an operator and the config say nothing about the version. */
const OTHERS_DOING: ReadonlySet<RestartReason> = new Set(['requested', 'config', 'update', 'unobserved']);

/** It is told right before the new process is there, so that the first may be about the end of the old one. */
function afterRestart(state: ProbationState, { reason, detail }: EventOf<'restarted'>): ProbationState {
  if (state.stage !== 'spawned' || OTHERS_DOING.has(reason)) return state;
  return failed(state, `it had to be restarted (${reason})${because(detail)}`);
}

/** What ends by itself, or has to be ended, is seen here first, and only here when no restart follows. */
function afterTransition(state: ProbationState, { from, to }: EventOf<'transition'>): ProbationState {
  if (to.phase === 'running') return state;
  const next: ProbationState = { ...state, isUp: false, down: null, heavySamples: 0 };
  if (state.stage === 'before') return to.phase === 'preparing' ? { ...next, stage: 'begun' } : next;
  if (to.phase === 'crash_looping') return failed(next, 'it does not start');
  if (to.phase !== 'stopping' || from.phase === 'stopping' || to.wanted === 'down') return next;
  if (to.leadsTo === 'again') return next;
  const { reason, detail } = to.cause ?? { reason: 'exit', detail: null };
  return failed(next, `it ended (${reason})${because(detail)}`);
}

/**
 * Whoever is down is ended, and that is judged above; or is not, because all others are down as well, or because its
 * policy is only to report. So the word alone is not enough: it must fail on.
 */
function afterHealth(state: ProbationState, { health }: EventOf<'health'>): ProbationState {
  const isUp = health.up === true;
  if (health.up !== false) return { ...state, isUp, down: null };
  return { ...state, isUp, down: { detail: health.detail, failures: state.down?.failures ?? 0 } };
}

function because(detail: string | null): string {
  return detail === null ? '' : `: ${detail}`;
}

/** Twice as much, and so much more that it is no matter of a few pages, in several samples in a row. */
const HEAVY = { factor: 2, extra: 100 * 1024 ** 2, samples: 3 } as const;

function afterSample(state: ProbationState, usage: TreeUsage): ProbationState {
  const { baselineBytes: old } = state;
  // An older look at the footprint, told once more, is no further evidence.
  if (old === null || usage.footprintIsNew === false) return state;
  const used = usedMemory(usage);
  if (used <= old * HEAVY.factor || used <= old + HEAVY.extra) return { ...state, heavySamples: 0 };
  const heavySamples = state.heavySamples + 1;
  if (heavySamples < HEAVY.samples) return { ...state, heavySamples };
  return failed(state, `it uses ${size(used)} of memory, the version before used ${size(old)}`);
}

/** One more is seen while it is found out whether the others fail, too. */
const FAILURES_WHILE_DOWN = 2;

function afterProbe(state: ProbationState, { result }: EventOf<'probed'>): ProbationState {
  if (result.outcome === 'failed') return afterFailure(state);
  if (result.outcome !== 'passed' || result.tools === undefined) return state;
  const { tools: most } = state;
  if (most !== null && result.tools < most) return failed(state, `it shows ${result.tools} tools of ${most}`);
  return { ...state, tools: result.tools };
}

function afterFailure(state: ProbationState): ProbationState {
  const { down, isGuarded: isBraked } = state;
  if (down === null || isBraked) return state;
  const failures = down.failures + 1;
  if (failures < FAILURES_WHILE_DOWN) return { ...state, down: { ...down, failures } };
  return failed(state, `it is down${because(down.detail)}`);
}

/** Nobody was there to watch it; or the clock was set, and the end with it. */
function failed(state: ProbationState, failure: string): ProbationState {
  return { ...state, failure };
}
