// Probation of a new version: a fold over its events that finds the first fault of the version itself.
import type { EventOf, WatchdogEvent } from '../model/events.ts';
import type { TreeUsage } from '../model/observations.ts';
import type { RestartReason } from '../model/vocabulary.ts';
import { usedMemory } from '../lifecycle/resource-limits.ts';
import { withQuotation } from '../base/cause.ts';
import { size } from '../base/format.ts';

export interface ProbationState {
  /** Memory that the old version used, bytes, as `usedMemory` counts it; null when not known. */
  readonly baselineBytes: number | null;
  /** Why the server is down, and its failed probes since that verdict; null while it is not down. */
  readonly down: { readonly detail: string | null; readonly failures: number } | null;
  /** The restart guard is active: nearly all servers fail at once, which is no fault of this version. */
  readonly isGuarded: boolean;
  /** The most tools that it has shown; null before it has shown any. */
  readonly tools: number | null;
  /** Consecutive samples with far more memory than the old version. */
  readonly heavySamples: number;
  /** The first fault of the version, one line; null while there is none. Once set it stays. */
  readonly failure: string | null;
}

interface ProbationBeginning {
  readonly baselineBytes: number | null;
  /** Tools that the canary showed; left out or null where there was no canary. */
  readonly tools?: number | null;
}

export function beginProbation({ baselineBytes, tools = null }: ProbationBeginning): ProbationState {
  return { baselineBytes, tools, down: null, isGuarded: false, heavySamples: 0, failure: null };
}

/** Takes in one event of this server or of the whole machine; events of other servers must not come here. */
export function observeProbation(
  state: ProbationState,
  event: WatchdogEvent,
): { readonly state: ProbationState; readonly failure: string | null } {
  const next = state.failure === null ? judge(state, event) : state;
  return { state: next, failure: next.failure };
}

function judge(state: ProbationState, event: WatchdogEvent): ProbationState {
  switch (event.kind) {
    case 'gap':
      // Evidence from before a sleep says nothing about now.
      return { ...state, heavySamples: 0, down: null };
    case 'brake':
      return { ...state, isGuarded: event.failing > 0, down: null };
    case 'transition':
      return afterTransition(state, event);
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

/** Restarts by the watchdog's own end, an operator or the config say nothing about the version. */
const UNRELATED: ReadonlySet<RestartReason> = new Set(['requested', 'config', 'update', 'unobserved']);

function afterRestart(
  state: ProbationState,
  { reason, detail, quote }: EventOf<'restarted'>,
): ProbationState {
  return UNRELATED.has(reason)
    ? state
    : failed(state, `it had to be restarted (${reason})${because(detail, quote)}`);
}

/** Judges an end, which is seen here first, and only here when no restart follows. */
function afterTransition(state: ProbationState, { from, to }: EventOf<'transition'>): ProbationState {
  if (to.phase === 'running') return state;
  const next: ProbationState = { ...state, down: null, heavySamples: 0 };
  if (to.phase === 'crash_looping' || to.phase === 'needs_attention')
    return failed(next, 'it does not start');
  if (to.phase !== 'stopping' || from.phase === 'stopping' || to.wanted === 'down') return next;
  if (to.leadsTo === 'again') return next;
  const { reason, detail, quote } = to.cause ?? { reason: 'exit', detail: null, quote: undefined };
  return failed(next, `it ended (${reason})${because(detail, quote)}`);
}

/**
 * Notes a verdict of down, which alone is not enough: a server that is down is ended, and its end is judged above; or it
 * is not, because the restart guard is active or its policy is only to report. Then it must go on failing.
 */
function afterHealth(state: ProbationState, { health }: EventOf<'health'>): ProbationState {
  if (health.up !== false) return { ...state, down: null };
  return {
    ...state,
    down: {
      detail: health.detail && withQuotation(health.detail, health.quote),
      failures: state.down?.failures ?? 0,
    },
  };
}

function because(detail: string | null, quote?: string): string {
  return detail === null ? '' : `: ${withQuotation(detail, quote)}`;
}

/** Too much memory: twice as much as before, and at least `extra` bytes more, in `samples` consecutive samples. */
const HEAVY = { factor: 2, extra: 100 * 1024 ** 2, samples: 3 } as const;

function afterSample(state: ProbationState, usage: TreeUsage): ProbationState {
  const { baselineBytes: old } = state;
  // A reading that an earlier sample has brought already is no further evidence.
  if (old === null || usage.footprintIsNew === false || usage.proportionalIsNew === false) return state;
  const used = usedMemory(usage);
  if (used <= old * HEAVY.factor || used <= old + HEAVY.extra) return { ...state, heavySamples: 0 };
  const heavySamples = state.heavySamples + 1;
  if (heavySamples < HEAVY.samples) return { ...state, heavySamples };
  return failed(state, `it uses ${size(used)} of memory, the version before used ${size(old)}`);
}

/** One failure more than the verdict may come before the restart guard has judged the other servers. */
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

function failed(state: ProbationState, failure: string): ProbationState {
  return { ...state, failure };
}
