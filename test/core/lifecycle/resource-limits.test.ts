import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CPU_GRACE,
  forgetSamples,
  judgeSample,
  type LimitChange,
  restartLimits,
  newLimitState,
} from '../../../src/core/lifecycle/resource-limits.ts';
import type { LimitPolicy } from '../../../src/core/model/server-spec.ts';

const policy: LimitPolicy = {
  memory: { soft: 100, hard: 200 },
  cpu: { soft: 0.8, hard: 1.5, for: 60_000 },
  nice: 0,
};

const TICK = 15_000;

/** Feeds one sample a tick, from wherever time stands; memory in bytes, cpu in cores. */
function createFeed(own: LimitPolicy = policy) {
  let at = 0;
  let cpuSeconds = 0;
  const feed = {
    state: newLimitState(0),
    get at() {
      return at;
    },
    memory(...bytes: number[]): LimitChange[] {
      return bytes.flatMap((residentBytes) => feed.sample(residentBytes, 0));
    },
    cpu(...cores: number[]): LimitChange[] {
      return cores.flatMap((value) => feed.sample(0, value));
    },
    sample(residentBytes: number, cores: number): LimitChange[] {
      at += TICK;
      cpuSeconds += (cores * TICK) / 1000;
      const judged = judgeSample(feed.state, { at, residentBytes, cpuSeconds }, own);
      feed.state = judged.state;
      return [...judged.changes];
    },
  };
  return feed;
}

describe('judgeSample() on memory', () => {
  it('takes no notice of a spike of one or two samples', () => {
    expect(createFeed().memory(50, 999, 50, 50, 999, 999, 50, 50, 999)).toEqual([]);
  });

  it('tells when 3 of 4 samples are above the soft limit', () => {
    expect(createFeed().memory(150, 50, 150, 160)).toEqual([
      { resource: 'memory', level: 'soft', value: 160, limit: 100 },
    ]);
  });

  it('goes to hard when 3 of 4 samples are above the hard limit', () => {
    const changes = createFeed().memory(150, 250, 250, 250);
    expect(changes.map(({ level }) => level)).toEqual(['soft', 'hard']);
    expect(changes[1]).toEqual({ resource: 'memory', level: 'hard', value: 250, limit: 200 });
  });

  it('is exactly at the limit without being above it', () => {
    expect(createFeed().memory(100, 100, 100, 100)).toEqual([]);
  });

  it('says so once, however long it lasts', () => {
    expect(createFeed().memory(...Array.from({ length: 50 }, () => 250))).toHaveLength(1);
  });

  it('is well again only when 3 of 4 samples say so', () => {
    const feed = createFeed();
    feed.memory(150, 150, 150);
    expect(feed.memory(50, 50)).toEqual([]);
    expect(feed.memory(50)).toEqual([{ resource: 'memory', level: 'ok', value: 50, limit: 100 }]);
  });

  it('counts nothing where there is no limit', () => {
    const none = createFeed({ ...policy, memory: { soft: null, hard: null } });
    expect(none.memory(...Array.from({ length: 9 }, () => 1e12))).toEqual([]);
    const hardOnly = createFeed({ ...policy, memory: { soft: null, hard: 200 } });
    expect(hardOnly.memory(150, 150, 150, 150)).toEqual([]);
    expect(hardOnly.memory(250, 250, 250).map(({ level }) => level)).toEqual(['hard']);
  });
});

describe('judgeSample() on CPU', () => {
  const long = (cores: number): number[] => Array.from({ length: 8 }, () => cores);

  it('tells once the average over the whole span is above the limit', () => {
    const feed = createFeed();
    const changes = feed.cpu(...long(1));
    expect(changes).toEqual([{ resource: 'cpu', level: 'soft', value: 1, limit: 0.8 }]);
  });

  it('needs the whole span: neither the warm-up nor a shorter burst counts', () => {
    expect(createFeed().cpu(9, 0, 0, 0, 0, 0, 0, 0)).toEqual([]);
    expect(createFeed().cpu(0, 0, 0, 0, 1.5, 1.5, 0, 0, 0, 0)).toEqual([]);
  });

  it('goes to hard, and back by way of soft', () => {
    const feed = createFeed();
    expect(feed.cpu(...long(2)).map(({ level }) => level)).toEqual(['hard']);
    expect(feed.cpu(...long(1)).map(({ level }) => level)).toEqual(['soft']);
    expect(feed.cpu(...long(0)).map(({ level }) => level)).toEqual(['ok']);
  });

  it('does not ring for ever at a load right at the limit', () => {
    const feed = createFeed();
    feed.cpu(...long(0.9));
    expect(feed.cpu(0.79, 0.81, 0.78, 0.82, 0.77, 0.8, 0.78, 0.83)).toEqual([]);
  });
});

describe('restartLimits()', () => {
  it('owes nothing for the process before, and tells with its first sample that all is well', () => {
    const feed = createFeed();
    feed.memory(250, 250, 250);
    feed.state = restartLimits(feed.state, feed.at);
    expect(feed.memory(50)).toEqual([{ resource: 'memory', level: 'ok', value: 50, limit: 100 }]);
  });

  it('lets a process that leaks again go to hard again', () => {
    const feed = createFeed();
    feed.memory(250, 250, 250);
    feed.state = restartLimits(feed.state, feed.at);
    expect(feed.memory(250, 250, 250).map(({ level }) => level)).toEqual(['ok', 'hard']);
  });
});

describe('forgetSamples()', () => {
  it('does not count samples on both sides of a gap together', () => {
    const feed = createFeed();
    feed.memory(250, 250);
    feed.state = forgetSamples(feed.state, feed.at);
    expect(feed.memory(250, 250)).toEqual([]);
    expect(feed.memory(250)).toHaveLength(1);
  });

  it('keeps the level until new samples speak', () => {
    const feed = createFeed();
    feed.memory(150, 150, 150);
    feed.state = forgetSamples(feed.state, feed.at);
    expect(feed.memory(50, 50)).toEqual([]);
    expect(feed.memory(50).map(({ level }) => level)).toEqual(['ok']);
  });

  it('leaves the machine time to catch up after a wake', () => {
    const feed = createFeed();
    feed.cpu(0, 0, 0);
    feed.state = forgetSamples(feed.state, feed.at);
    expect(feed.state.cpu.notBefore).toBe(feed.at + CPU_GRACE);
  });
});

describe('limits, whatever a server does', () => {
  const anySample = fc.record({
    residentBytes: fc.integer({ min: 0, max: 300 }),
    cores: fc.double({ min: 0, max: 4, noNaN: true }),
    before: fc.constantFrom('nothing', 'nothing', 'nothing', 'restart', 'gap'),
  });

  it('never tell the same level twice, and are hard only with three samples above', () => {
    fc.assert(
      fc.property(fc.array(anySample, { maxLength: 60 }), (samples) => {
        const feed = createFeed();
        const told = { memory: 'ok', cpu: 'ok' };
        let recent: number[] = [];
        for (const { residentBytes, cores, before } of samples) {
          if (before === 'restart') feed.state = restartLimits(feed.state, feed.at);
          if (before === 'gap') feed.state = forgetSamples(feed.state, feed.at);
          recent = before === 'nothing' ? [...recent, residentBytes].slice(-4) : [residentBytes];
          for (const change of feed.sample(residentBytes, cores)) {
            expect(change.level).not.toBe(told[change.resource]);
            told[change.resource] = change.level;
            if (change.level !== 'hard') continue;
            if (change.resource === 'memory')
              expect(recent.filter((bytes) => bytes > 200).length).toBeGreaterThanOrEqual(3);
            else expect(change.value).toBeGreaterThan(1.5);
          }
        }
      }),
    );
  });
});
