// Growth of a server's process tree that follows our own probes: an experiment with and without them decides.

/**
 * `watching`: probed as usual. `resting`: it grew with the probes, so MCP requests stop for a while. `confirming`: it did
 * not grow without them, so they come again. `caused`: it grew with them again. `unrelated`: it grew without them as well.
 */
export interface GrowthState {
  readonly phase: 'watching' | 'resting' | 'confirming' | 'caused' | 'unrelated';
  /** Processes at the last mark; null before the first. */
  readonly processes: number | null;
  /** Consecutive marks of this phase that saw the expected: growth, or none while resting; -1 for one that was missed. */
  readonly streak: number;
  /** Processes at the mark before the tree began to grow. */
  readonly from: number;
}

/** Marks in a row that must agree: a pool that starts its workers grows too, but not whenever we ask. */
const AGREEING = 2;

export const NO_GROWTH: GrowthState = { phase: 'watching', processes: null, streak: 0, from: 0 };

/** Tells whether MCP requests must not be sent now. */
export function mustRest({ phase }: GrowthState): boolean {
  return phase === 'resting' || phase === 'caused';
}

/**
 * Takes in the size of the tree at the start of a probe round. Between two marks lies at least one round, and each mark
 * is a sample that was not seen before.
 */
export function markProcesses(state: GrowthState, processes: number): GrowthState {
  const { processes: before } = state;
  if (before === null) return { ...state, processes, from: processes };
  const hasGrown = processes > before;
  switch (state.phase) {
    case 'watching':
      if (!hasGrown) return { ...state, processes, streak: 0, from: processes };
      return advance({ ...state, processes }, 'resting');
    case 'resting':
      // What the last request began may still be under way at the first mark.
      if (hasGrown)
        return state.streak === 0 ? { ...state, processes, streak: 1 } : unrelated(state, processes);
      return advance({ ...state, processes }, 'confirming', AGREEING + 1);
    case 'confirming':
      if (hasGrown) return advance({ ...state, processes }, 'caused');
      // The first request after the rest may not have had its effect yet.
      return state.streak === 0 ? { ...state, processes, streak: -1 } : unrelated(state, processes);
    case 'caused':
    case 'unrelated':
      return { ...state, processes };
    default:
      return state.phase satisfies never;
  }
}

function advance(state: GrowthState, next: GrowthState['phase'], needed = AGREEING): GrowthState {
  const streak = state.streak + 1;
  return streak < needed ? { ...state, streak } : { ...state, phase: next, streak: 0 };
}

function unrelated(state: GrowthState, processes: number): GrowthState {
  return { ...state, phase: 'unrelated', processes, streak: 0 };
}
