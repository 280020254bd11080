import { describe, expect, it } from 'vitest';
import {
  NO_GROWTH,
  markProcesses,
  mustRest,
  type GrowthState,
} from '../../../src/core/lifecycle/process-growth.ts';

/** Marks of a server that has `perRound` more processes after each round with MCP requests, and `anyway` more after each. */
function run(rounds: number, { perRound, anyway = 0 }: { perRound: number; anyway?: number }): GrowthState {
  let state = NO_GROWTH;
  let processes = 7;
  for (let round = 0; round < rounds; round += 1) {
    state = markProcesses(state, processes);
    processes += anyway + (mustRest(state) ? 0 : perRound);
  }
  return state;
}

describe('growth of a process tree', () => {
  it('that follows the probes is found by leaving them out, and coming back to them', () => {
    const phases = Array.from({ length: 9 }, (_, rounds) => run(rounds + 1, { perRound: 2 }).phase);
    expect(phases).toEqual([
      'watching',
      'watching',
      'resting',
      'resting',
      'resting',
      'confirming',
      'confirming',
      'caused',
      'caused',
    ]);
    expect(run(40, { perRound: 2 })).toMatchObject({ phase: 'caused', from: 7, processes: 15 });
  });

  it('that goes on without them is not theirs, and they go on as well', () => {
    expect(run(40, { perRound: 0, anyway: 1 }).phase).toBe('unrelated');
    expect(run(40, { perRound: 2, anyway: 1 }).phase).toBe('unrelated');
  });

  it('that ends by itself, such as that of a pool of workers, is not theirs', () => {
    const sizes = [1, 2, 3, 3, 3, 3, 3, 3, 3, 3];
    expect(sizes.reduce(markProcesses, NO_GROWTH).phase).toBe('unrelated');
  });

  it('is none while the tree shrinks between, or stays as it is', () => {
    const sizes = [7, 8, 7, 8, 7, 8, 7, 7, 7];
    expect(sizes.reduce(markProcesses, NO_GROWTH)).toMatchObject({ phase: 'watching' });
    expect(run(40, { perRound: 0 })).toEqual({ phase: 'watching', processes: 7, streak: 0, from: 7 });
  });

  it('that comes a mark later than its probe is found as well', () => {
    // The rest begins at the third mark; what the round before it started is seen at the fourth.
    const sizes = [7, 9, 11, 13, 13, 13, 13, 15, 17, 19];
    expect(sizes.reduce(markProcesses, NO_GROWTH).phase).toBe('caused');
  });
});
