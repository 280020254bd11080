import { describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../src/core/model/observations.ts';
import { settle } from '../fakes/clock.ts';
import { MISS, PASS, rig, type Mood } from './scripted.ts';
import { specOf } from '../fakes/spec.ts';

const LOCKED: ProbeResult = { outcome: 'failed', took: 1, reason: 'unauthorized', detail: 'HTTP 401' };
const quick = { interval: 1_000, timeout: 1_000, failures: 2, deepEvery: 4 };
const URL_ONLY = {
  source: { kind: 'url' },
  transport: 'http',
  url: 'http://127.0.0.1:1/mcp',
  run: 0,
} as const;

describe('while a server starts', () => {
  it('contact is tried often at first, then with patience, and told once', async () => {
    const { clock, moods, watch, calls, of } = rig();
    let tries = 0;
    moods.set('one', () => {
      tries += 1;
      return MISS;
    });
    watch('one');
    await clock.advance(5_000);
    expect(tries).toBeGreaterThan(45);
    const before = tries;
    await clock.advance(5_000);
    expect(tries - before).toBeLessThan(25);
    expect(calls).toEqual([]);
    expect(of('probed')).toEqual([]);
    expect(of('health').map(({ health }) => health)).toMatchObject([
      { up: null, detail: 'refused', consecutiveFailures: 0 },
    ]);
    moods.set('one', PASS);
    await clock.advance(300);
    expect(calls).toEqual(['ready one 1']);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true, detail: null });
  });

  it('a server that wants to know who we are is ready, and flagged', async () => {
    const { clock, moods, watch, calls, of } = rig();
    moods.set('one', LOCKED);
    watch('one');
    await clock.advance(100);
    expect(calls).toEqual(['ready one 1']);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true, unauthorized: true });
  });

  it('a server elsewhere that goes on refusing us is asked less and less often, until it lets us in', async () => {
    const { clock, moods, watch, rounds } = rig();
    moods.set('far', LOCKED);
    moods.set('near', LOCKED);
    watch('far', URL_ONLY);
    watch('near');
    const of = (name: string) => rounds.filter((round) => round.includes(` ${name} `)).length;
    await clock.advance(60_000);
    expect(of('far')).toBeGreaterThanOrEqual(4);
    await clock.advance(6 * 3_600_000);
    expect(of('far')).toBeLessThan(25);
    expect(of('near')).toBeGreaterThan(1_000);
    moods.set('far', PASS);
    await clock.advance(31 * 60_000);
    const before = of('far');
    await clock.advance(60_000);
    expect(of('far') - before).toBe(4);
  });

  it('an answering port that is not held by our process is not ready', async () => {
    let owner: { ok: true } | { ok: false; detail: string } = {
      ok: false,
      detail: 'port 3000 is held by pid 7 (nginx)',
    };
    const asked: string[] = [];
    const { clock, moods, watch, calls, of } = rig({
      checkOwnership: async (server, run) => {
        asked.push(`${server} ${run}`);
        return owner;
      },
    });
    let greetings = 0;
    moods.set('one', () => {
      greetings += 1;
      return PASS;
    });
    watch('one', { transport: 'http', url: 'http://127.0.0.1:1/mcp', run: 4 });
    await clock.advance(10_000);
    expect(calls).toEqual([]);
    expect(greetings).toBe(1);
    expect(asked.length).toBeLessThan(50);
    expect(of('health').at(-1)?.health).toMatchObject({
      up: null,
      detail: 'port 3000 is held by pid 7 (nginx)',
    });
    owner = { ok: true };
    await clock.advance(300);
    expect(calls).toEqual(['left one', 'ready one 4']);
    expect(greetings).toBe(2);
    expect(new Set(asked)).toEqual(new Set(['one 4']));
  });

  it('who holds the port is not asked of a server on a pipe, nor of one that is only watched', async () => {
    const { clock, watch, of } = rig({
      checkOwnership: () => Promise.reject(new Error('must not be asked')),
    });
    watch('piped');
    watch('remote', URL_ONLY);
    await clock.advance(2_000);
    expect(of('health').map(({ server, health }) => [server, health.up])).toEqual([
      ['piped', true],
      ['remote', true],
    ]);
  });
});

describe('a server that is up', () => {
  it('is probed each interval, fully every fourth time, never at the same instant as its neighbours', async () => {
    const { clock, watch, rounds } = rig();
    for (const name of ['a', 'b', 'c', 'd']) watch(name, { probe: quick });
    await clock.advance(9_500);
    const times = (name: string) =>
      rounds.filter((look) => look.includes(` ${name} `)).map((look) => Number(look.split(' ')[0]));
    const depths = rounds.filter((look) => look.includes(' a ')).map((look) => look.split(' ')[2]);
    expect(depths.slice(0, 6)).toEqual(['full', 'liveness', 'liveness', 'liveness', 'full', 'liveness']);
    expect(times('a').map((time, index) => time - times('a')[0]! - index * 1_000)).toEqual(
      times('a').map(() => 0),
    );
    expect(new Set(['a', 'b', 'c', 'd'].map((name) => times(name)[0])).size).toBe(4);
  });

  it('is first looked at after the initial delay', async () => {
    const { clock, watch, rounds } = rig();
    watch('one', { probe: { ...quick, initialDelay: 20_000 } });
    await clock.advance(20_000);
    expect(rounds).toEqual([]);
    await clock.advance(1_000);
    expect(rounds).toHaveLength(1);
  });

  it('is suspect after one miss, looked at again within a second, and nothing else happens', async () => {
    const { clock, moods, watch, calls, of, rounds } = rig();
    watch('one');
    await clock.advance(20_000);
    let misses = 0;
    moods.set('one', () => ((misses += 1) === 1 ? MISS : PASS));
    const before = rounds.length;
    await clock.advance(16_000);
    const [first, again] = rounds.slice(before).map((look) => look.split(' '));
    expect(Number(again![0]) - Number(first![0])).toBe(1_000);
    expect(again![2]).toBe('full');
    expect(
      of('health')
        .slice(-2)
        .map(({ health }) => health.suspect),
    ).toEqual([true, false]);
    expect(calls).toEqual(['ready one 1']);
  });

  it('is reported once when it is down, and then left alone until its next incarnation', async () => {
    const { clock, moods, watch, calls, of, rounds } = rig();
    watch('one', { probe: quick });
    await clock.advance(3_000);
    moods.set('one', MISS);
    await clock.advance(60_000);
    expect(calls).toEqual(['ready one 1', 'unhealthy one 1']);
    const seen = rounds.length;
    await clock.advance(60_000);
    expect(rounds).toHaveLength(seen);
    expect(of('health').at(-1)?.health).toMatchObject({ up: false, consecutiveFailures: 2 });
    moods.set('one', PASS);
    watch('one', { probe: quick, run: 2 });
    await clock.advance(2_000);
    expect(calls).toEqual(['ready one 1', 'unhealthy one 1', 'ready one 2']);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true });
  });

  it('is found frozen within 3 s with probes each second, never before two timeouts have passed', async () => {
    for (let offset = 0; offset < 1_000; offset += 50) {
      const { clock, moods, watch, calls } = rig();
      watch('one', { probe: quick });
      await clock.advance(3_000 + offset);
      moods.set('one', 'hangs');
      await clock.advance(1_999);
      expect(calls.at(-1)).toBe('ready one 1');
      await clock.advance(1_050);
      expect(calls.at(-1)).toBe('unhealthy one 1');
    }
  });

  it('is probed fully and at once after a miss that took a whole timeout, and lives when it answers that', async () => {
    const { clock, moods, watch, calls, rounds } = rig();
    watch('one', { probe: quick });
    await clock.advance(3_000);
    const before = rounds.length;
    moods.set('one', 'hangs');
    while (rounds.length === before) await clock.advance(10);
    await clock.advance(990);
    moods.set('one', PASS);
    await clock.advance(60_000);
    const [missed, again, next] = rounds.slice(before).map((look) => look.split(' '));
    expect(Number(again![0]) - Number(missed![0])).toBe(1_000);
    expect(again![2]).toBe('full');
    expect(Number(next![0]) - Number(again![0])).toBe(1_000);
    expect(calls).toEqual(['ready one 1']);
  });

  it('may answer slowly', async () => {
    const { clock, moods, watch, calls, of } = rig();
    watch('one');
    moods.set('one', { outcome: 'passed', took: 4_900 });
    await clock.advance(600_000);
    expect(calls).toEqual(['ready one 1']);
    expect(of('probed').every(({ result }) => result.outcome === 'passed' && result.took === 4_900)).toBe(
      true,
    );
  });

  it('with a report-only policy is never restarted, and told when it is back', async () => {
    const { clock, moods, watch, calls, of } = rig();
    watch('one', { probe: { ...quick, onFailure: 'report', successes: 2 } });
    await clock.advance(3_000);
    moods.set('one', MISS);
    await clock.advance(10_000);
    moods.set('one', PASS);
    await clock.advance(10_000);
    expect(calls).toEqual(['ready one 1']);
    expect(of('health').map(({ health }) => health.up)).toContain(false);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true });
  });

  it('is never looked at twice at a time', async () => {
    const { clock, moods, watch, rounds, prober } = rig();
    watch('one', { probe: { ...quick, timeout: 10_000 } });
    await clock.advance(3_000);
    moods.set('one', 'hangs');
    await clock.advance(1_000);
    const before = rounds.length;
    const checks = [prober.checkNow('one'), prober.checkNow('one')];
    await clock.advance(5_000);
    expect(rounds).toHaveLength(before);
    await clock.advance(60_000);
    await Promise.all(checks);
  });

  it('whose port is taken over by another process is down', async () => {
    let isOurs = true;
    const { clock, watch, calls } = rig({
      checkOwnership: async () => (isOurs ? { ok: true } : { ok: false, detail: 'held by pid 7' }),
    });
    watch('one', { probe: quick, transport: 'http', url: 'http://127.0.0.1:1/mcp' });
    await clock.advance(3_000);
    isOurs = false;
    await clock.advance(10_000);
    expect(calls).toEqual(['ready one 1', 'unhealthy one 1']);
  });
});

describe('what proves nothing', () => {
  it('a probe that throws is told, and does not count', async () => {
    const { clock, moods, watch, calls, of } = rig();
    watch('one', { probe: quick });
    await clock.advance(3_000);
    moods.set('one', 'throws');
    await clock.advance(60_000);
    expect(calls).toEqual(['ready one 1']);
    expect(of('probed').at(-1)?.result).toEqual({
      outcome: 'inconclusive',
      detail: 'The probe itself failed: EMFILE: too many open files',
    });
  });

  it('a check of ownership that throws is told, and does not count', async () => {
    let isBroken = false;
    const { clock, watch, calls } = rig({
      checkOwnership: () =>
        isBroken ? Promise.reject(new Error('no /proc')) : Promise.resolve({ ok: true as const }),
    });
    watch('one', { probe: quick, transport: 'http', url: 'http://127.0.0.1:1/mcp' });
    await clock.advance(3_000);
    isBroken = true;
    await clock.advance(60_000);
    expect(calls).toEqual(['ready one 1']);
  });

  it('news of an earlier incarnation is dropped', async () => {
    const { clock, moods, watch, calls, of } = rig();
    watch('one', { probe: quick });
    await clock.advance(3_000);
    moods.set('one', 'hangs');
    await clock.advance(1_000);
    const before = of('probed').length;
    moods.set('one', PASS);
    watch('one', { probe: { ...quick, initialDelay: 60_000 }, run: 2 });
    await clock.advance(10_000);
    expect(of('probed')).toHaveLength(before);
    expect(calls.filter((call) => call.startsWith('unhealthy'))).toEqual([]);
  });

  it('nothing is looked at once watching has stopped, and the server is taken leave of', async () => {
    const { clock, watch, calls, rounds, of } = rig();
    const stop = watch('one', { probe: quick });
    await clock.advance(3_000);
    const before = [rounds.length, of('health').length];
    const stopping = stop();
    await clock.advance(60_000);
    await stopping;
    expect([rounds.length, of('health').length]).toEqual(before);
    expect(calls).toEqual(['ready one 1', 'left one']);
    expect(clock.pending).toBe(0);
  });

  it('a server that does not answer is not taken leave of', async () => {
    const { clock, moods, watch, calls } = rig();
    const stop = watch('one', { probe: quick });
    await clock.advance(3_000);
    moods.set('one', MISS);
    await clock.advance(60_000);
    await stop();
    expect(calls).toEqual(['ready one 1', 'unhealthy one 1']);
  });
});

describe('after a sleep, or when our own loop was stuck', () => {
  it('what was under way and counted is forgotten, and nothing counts for a while', async () => {
    const { clock, moods, watch, calls, of, prober } = rig();
    watch('one', { probe: quick });
    await clock.advance(3_000);
    moods.set('one', 'hangs');
    await clock.advance(2_500);
    prober.discardInFlight();
    await clock.advance(29_000);
    expect(calls).toEqual(['ready one 1']);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true, suspect: false, consecutiveFailures: 0 });
    const late = of('probed').filter(({ at }) => at > Date.UTC(2026, 0, 1) + 6_000);
    expect(late.length).toBeGreaterThan(3);
    expect(late.every(({ result }) => result.outcome === 'inconclusive')).toBe(true);
    await clock.advance(10_000);
    expect(calls).toEqual(['ready one 1', 'unhealthy one 1']);
  });

  it('passes count at once', async () => {
    const { clock, moods, watch, of, prober } = rig();
    watch('one', { probe: { ...quick, onFailure: 'report' } });
    await clock.advance(3_000);
    moods.set('one', MISS);
    await clock.advance(10_000);
    expect(of('health').at(-1)?.health.up).toBe(false);
    prober.discardInFlight();
    moods.set('one', PASS);
    await clock.advance(3_000);
    expect(of('health').at(-1)?.health.up).toBe(true);
  });

  it('a start goes on as if nothing had been', async () => {
    const { clock, moods, watch, calls, prober } = rig();
    moods.set('one', 'hangs');
    watch('one');
    await clock.advance(1_000);
    prober.discardInFlight();
    moods.set('one', PASS);
    await clock.advance(6_000);
    expect(calls).toEqual(['ready one 1']);
  });
});

describe('a server that is only watched', () => {
  it('is down when it does not answer, and never reported as ready or unhealthy', async () => {
    const { clock, moods, watch, calls, of } = rig();
    moods.set('remote', MISS);
    watch('remote', { ...URL_ONLY, probe: quick });
    await clock.advance(10_000);
    expect(of('health').at(-1)?.health).toMatchObject({ up: false });
    moods.set('remote', PASS);
    await clock.advance(3_000);
    expect(of('health').at(-1)?.health).toMatchObject({ up: true });
    expect(calls).toEqual([]);
  });
});

describe('the brake', () => {
  const names = ['a', 'b', 'c', 'd'];

  async function watchAll(options: Parameters<typeof rig>[0] = {}, probe = quick) {
    const all = rig(options);
    for (const name of names) all.watch(name, { probe });
    await all.clock.advance(10_000);
    all.calls.length = 0;
    const mood = (mood: Mood, which = names) => {
      for (const name of which) all.moods.set(name, mood);
    };
    return { ...all, mood };
  }

  it.each([
    ['refuse', MISS],
    ['hang', 'hangs' as const],
  ])(
    'holds back all restarts when all servers %s at once, and says so once, and when it is over',
    async (_name, how) => {
      const { clock, calls, of, mood } = await watchAll();
      mood(how);
      await clock.advance(60_000);
      expect(calls).toEqual([]);
      expect(of('brake')).toMatchObject([{ failing: 4, watched: 4 }]);
      expect(verdicts(of('health'))).toEqual([false, false, false, false]);
      mood(PASS);
      await clock.advance(5_000);
      expect(calls).toEqual([]);
      expect(verdicts(of('health'))).toEqual([true, true, true, true]);
      expect(of('brake').map(({ failing }) => failing)).toEqual([4, 0]);
    },
  );

  it('holds them back too when a single miss is enough', async () => {
    const { clock, calls, mood } = await watchAll({}, { ...quick, failures: 1 });
    mood('hangs');
    await clock.advance(60_000);
    expect(calls).toEqual([]);
  });

  it('lets go when another server answers: who goes on failing alone is restarted', async () => {
    const { clock, calls, mood } = await watchAll();
    mood(MISS);
    await clock.advance(30_000);
    mood(PASS, ['a', 'b', 'c']);
    await clock.advance(5_000);
    expect(calls).toEqual(['unhealthy d 1']);
  });

  it('lasts five minutes at most', async () => {
    const { clock, calls, mood } = await watchAll();
    mood(MISS);
    await clock.advance(295_000);
    expect(calls).toEqual([]);
    await clock.advance(15_000);
    expect(calls.toSorted()).toEqual(names.map((name) => `unhealthy ${name} 1`));
  });

  it('does not protect one server among others that are well, whose witness is asked for if need be', async () => {
    const { clock, calls, mood, of } = await watchAll({}, { ...quick, failures: 1, interval: 60_000 });
    await clock.advance(120_000);
    mood(MISS, ['b']);
    await clock.advance(60_001);
    expect(calls).toEqual(['unhealthy b 1']);
    expect(of('brake')).toEqual([]);
  });

  it('does not protect one server whose timeout is longer than the interval of the others', async () => {
    const { clock, calls, mood } = await watchAll({}, { ...quick, interval: 500, timeout: 1000 });
    mood('hangs', ['a']);
    await clock.advance(10_000);
    expect(calls).toEqual(['unhealthy a 1']);
  });

  it('does not count who has been down for long', async () => {
    const { clock, calls, mood, watch, moods } = await watchAll();
    moods.set('gone', MISS);
    watch('gone', { ...URL_ONLY, probe: quick });
    await clock.advance(60_000);
    mood(MISS, ['a']);
    await clock.advance(10_000);
    expect(calls).toEqual(['unhealthy a 1']);
  });

  it('needs three servers', async () => {
    const { clock, calls, moods, watch, of } = rig();
    for (const name of ['a', 'b']) watch(name, { probe: quick });
    await clock.advance(10_000);
    moods.set('a', MISS).set('b', MISS);
    await clock.advance(10_000);
    expect(calls).toContain('unhealthy a 1');
    expect(calls).toContain('unhealthy b 1');
    expect(of('brake')).toEqual([]);
  });
});

/** The last word on each server. */
function verdicts(
  healths: readonly { server: string; health: { up: boolean | null } }[],
): (boolean | null)[] {
  return [...new Map(healths.map(({ server, health }) => [server, health.up])).values()];
}

describe('checkNow()', () => {
  it('runs a full probe at once, and reports it', async () => {
    const { clock, watch, prober } = rig();
    watch('one', { run: 3 });
    await clock.advance(100);
    expect(await prober.checkNow('one')).toEqual({
      server: 'one',
      run: 3,
      isReady: true,
      attempts: [{ probe: 'list_tools', result: PASS }],
      health: { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null },
    });
  });

  it('does not wait for a server that still starts, and knows nothing of strangers', async () => {
    const { clock, moods, watch, prober } = rig();
    moods.set('one', 'hangs');
    watch('one');
    await clock.advance(100);
    expect(await prober.checkNow('one')).toMatchObject({
      isReady: false,
      attempts: [],
      health: { up: null },
    });
    expect(await prober.checkNow('two')).toBeNull();
  });
});

describe('updatePolicy()', () => {
  it('takes effect with the next look, without a new start', async () => {
    const { clock, watch, prober, rounds, calls } = rig();
    watch('one');
    await clock.advance(20_000);
    prober.updateSpec(specOf({ name: 'one', probe: { ...quick, deepEvery: 1 } }));
    const before = rounds.length;
    await clock.advance(5_000);
    expect(rounds.length - before).toBeGreaterThanOrEqual(4);
    expect(rounds.slice(before).every((look) => look.endsWith('full'))).toBe(true);
    expect(calls).toEqual(['ready one 1']);
  });

  it('opens a new session only when what it is about changed', async () => {
    const { clock, watch, prober, calls } = rig();
    watch('one');
    await clock.advance(100);
    prober.updateSpec(specOf({ name: 'one', probe: { failures: 5 } }));
    await settle();
    expect(calls).toEqual(['ready one 1']);
    prober.updateSpec(specOf({ name: 'one', probe: { kind: 'http', url: 'http://127.0.0.1:1/' } }));
    await settle();
    expect(calls).toEqual(['ready one 1', 'left one']);
  });

  it('stop() ends it all', async () => {
    const { clock, watch, prober } = rig();
    for (const name of ['a', 'b']) watch(name);
    await clock.advance(100);
    await prober.stop();
    expect(clock.pending).toBe(0);
  });
});
