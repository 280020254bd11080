import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comesBack, decideLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import {
  type LifecycleAction,
  lifecycleDeadline,
  hasProcess,
  INITIAL_LIFECYCLE,
  type LifecycleEvent,
  type LifecycleInput,
  type LifecyclePolicy,
  type LifecycleState,
  stateName,
} from '../../../src/core/model/lifecycle-state.ts';
import { DEFAULT_SPEC } from '../../fakes/spec.ts';

const { restart } = DEFAULT_SPEC;
const policy: LifecyclePolicy = {
  restart,
  startTimeout: 30_000,
  stop: [
    { kind: 'close-stdin', wait: 1000 },
    { kind: 'terminate', wait: 5000 },
    { kind: 'kill', wait: 2000 },
  ],
};
const minutes = (count: number): number => count * 60_000;
const exit = (run: number, code: number | null = 1, signal: string | null = null): LifecycleInput => ({
  kind: 'exited',
  run,
  code,
  signal,
});

/** Plays news to the machine, half-way between the jitter's ends, and keeps everything it ordered. */
function play(start: LifecycleState = INITIAL_LIFECYCLE, under: LifecyclePolicy = policy) {
  let state = start;
  const ordered: LifecycleAction[] = [];
  return {
    ordered,
    get state() {
      return state;
    },
    at(at: number, ...news: LifecycleInput[]) {
      for (const one of news) {
        const decision = decideLifecycle(state, { ...one, at, chance: 0.5 }, under);
        state = decision.state;
        ordered.push(...decision.actions);
      }
      return this;
    },
    /** From nothing to running, as the `run`-th attempt. */
    up(at: number, run = 1) {
      return this.at(at, { kind: 'start', clear: true }, { kind: 'prepared', run }, { kind: 'ready', run });
    },
    kinds: () => ordered.map(({ kind }) => kind),
    restarts: () =>
      ordered.flatMap((action) => (action.kind === 'count-restart' ? [action.cause.reason] : [])),
  };
}

describe('decide()', () => {
  test('prepares, spawns and waits for readiness before a server is running', () => {
    const life = play().at(0, { kind: 'start', clear: true });
    expect(stateName(life.state)).toBe('starting');
    life.at(0, { kind: 'prepared', run: 1 });
    expect(life.state).toMatchObject({ phase: 'starting', deadline: 30_000 });
    life.at(900, { kind: 'ready', run: 1 });
    expect(life.state.phase).toBe('running');
    expect(life.kinds()).toEqual(['prepare', 'spawn']);
  });

  test('a server that nobody uses rests until it is started, without a restart to count', () => {
    const life = play().up(0).at(5000, { kind: 'idle' });
    expect(life.state).toMatchObject({ phase: 'stopping', leadsTo: 'idle', wanted: 'up' });
    life.at(5100, exit(1, 0)).at(5100, { kind: 'gone', run: 1 });
    expect([life.state, stateName(life.state)]).toMatchObject([
      { phase: 'stopped', because: 'idle' },
      'idle',
    ]);
    life.at(9000, { kind: 'start', clear: true }, { kind: 'prepared', run: 2 }, { kind: 'ready', run: 2 });
    expect([life.state.phase, life.restarts(), life.state.failures]).toEqual(['running', [], []]);
  });

  test('a start while it goes to rest brings it back; a stop keeps it down', () => {
    const resting = () => play().up(0).at(5000, { kind: 'idle' });
    expect(resting().at(5001, { kind: 'start', clear: true }, { kind: 'gone', run: 1 }).state.phase).toBe(
      'preparing',
    );
    expect(resting().at(5001, { kind: 'stop' }, { kind: 'gone', run: 1 }).state).toMatchObject({
      because: 'asked',
      wanted: 'down',
    });
    const idle = play().at(0, { kind: 'idle' });
    expect(idle.state).toMatchObject({ because: 'idle', wanted: 'up', run: 0 });
    expect(idle.at(1, { kind: 'stop' }).state).toMatchObject({ because: 'asked', wanted: 'down' });
  });

  test('a server that fails, completed, or is starting does not rest: it has to be seen', () => {
    const failing = play().up(0).at(100, exit(1), { kind: 'gone', run: 1 });
    expect(failing.at(100, { kind: 'idle' }).state.phase).toBe('preparing');
    const done = play(INITIAL_LIFECYCLE, { ...policy, restart: { ...restart, policy: 'on-failure' } })
      .up(0)
      .at(100, exit(1, 0), { kind: 'gone', run: 1 });
    expect(done.at(200, { kind: 'idle' }).state).toMatchObject({ because: 'completed' });
  });

  test('the first end of a server that was ready is answered at once and counted', () => {
    const life = play()
      .up(0)
      .at(5000, exit(1, null, 'SIGKILL'), { kind: 'gone', run: 1 });
    expect(life.state.phase).toBe('preparing');
    life.at(5000, { kind: 'prepared', run: 2 });
    expect(life.restarts()).toEqual(['signal']);
  });

  test('an exit is swept before anything else starts', () => {
    const life = play().up(0).at(5000, exit(1));
    expect(life.state).toMatchObject({ phase: 'stopping', leadsTo: 'retry' });
    expect(life.ordered.at(-1)).toEqual({ kind: 'end', how: 'terminate' });
  });

  test('what survives the sweep is killed, and never replaced while it lives', () => {
    const life = play()
      .up(0)
      .at(0, exit(1))
      .at(5000, { kind: 'tick' })
      .at(7000, { kind: 'tick' })
      .at(9000, { kind: 'tick' });
    expect(life.ordered.slice(-3)).toEqual([
      { kind: 'end', how: 'kill' },
      { kind: 'end', how: 'kill' },
      { kind: 'end', how: 'kill' },
    ]);
    expect(life.state).toMatchObject({ phase: 'stopping', repeats: 2 });
    expect(life.kinds().filter((kind) => kind === 'spawn')).toHaveLength(1);
  });

  test('a process that is not ready in time is ended, counted as a failed start and retried later', () => {
    const life = play()
      .at(0, { kind: 'start', clear: true }, { kind: 'prepared', run: 1 })
      .at(30_000, { kind: 'tick' });
    expect(life.ordered).toContainEqual(expect.objectContaining({ kind: 'count-start-failure' }));
    life.at(30_100, exit(1, 0), { kind: 'gone', run: 1 });
    expect(life.state).toMatchObject({ phase: 'backoff', cause: { reason: 'start_timeout' } });
  });

  test('readiness that comes after the deadline is too late', () => {
    const life = play()
      .at(0, { kind: 'start', clear: true }, { kind: 'prepared', run: 1 })
      .at(30_000, { kind: 'tick' }, { kind: 'ready', run: 1 });
    expect(life.state.phase).toBe('stopping');
  });

  test('a start while running changes nothing', () => {
    const life = play().up(0);
    const before = life.state;
    expect(life.at(10, { kind: 'start', clear: true }).state).toEqual(before);
  });

  test('the delay doubles from its base to its cap while a server never gets ready', () => {
    const delays: number[] = [];
    const patient = { ...policy, restart: { ...restart, jitter: 0, budget: [] } };
    const life = play(INITIAL_LIFECYCLE, patient).at(0, { kind: 'start', clear: true });
    for (let run = 1, now = 0; run <= 10; run += 1) {
      life.at(now, { kind: 'prepared', run }, exit(run), { kind: 'gone', run });
      delays.push('delay' in life.state ? life.state.delay : 0);
      now = lifecycleDeadline(life.state) ?? now;
      life.at(now, { kind: 'tick' });
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  test('the delay starts over after a minute of readiness, not after a minute of life', () => {
    const life = play()
      .up(0)
      .at(1000, exit(1), { kind: 'gone', run: 1 }, { kind: 'prepared', run: 2 }, { kind: 'ready', run: 2 });
    expect(life.state.attempt).toBe(1);
    life.at(61_000, { kind: 'tick' });
    expect(life.state).toMatchObject({ phase: 'running', stable: true, attempt: 0 });
    // The budget remembers what the delay forgets.
    expect(life.state.failures).toHaveLength(1);
  });

  test('an operator stop wins over a restart that is under way', () => {
    const life = play()
      .up(0)
      .at(10, { kind: 'failing', run: 1, cause: { reason: 'probe', detail: null } }, { kind: 'stop' });
    life.at(20, exit(1, 0), { kind: 'gone', run: 1 });
    expect(life.state).toMatchObject({ phase: 'stopped', wanted: 'down', because: 'asked' });
  });

  test('a stop during the wait is immediate', () => {
    const life = play().at(0, { kind: 'start', clear: true }, { kind: 'prepared', run: 1 }, exit(1), {
      kind: 'gone',
      run: 1,
    });
    expect(life.state.phase).toBe('backoff');
    expect(life.at(1, { kind: 'stop' }).state.phase).toBe('stopped');
  });

  test('a stop during the preparation ends it', () => {
    const life = play().at(0, { kind: 'start', clear: true }, { kind: 'stop' });
    expect(life.kinds()).toEqual(['prepare', 'abort-prepare']);
    expect(life.at(1, { kind: 'prepared', run: 1 }).state.phase).toBe('stopped');
  });

  test('a start during a slow stop waits for its end', () => {
    const life = play().up(0).at(10, { kind: 'stop' }, { kind: 'start', clear: true });
    expect(life.kinds()).toEqual(['prepare', 'spawn', 'end']);
    life.at(20, exit(1, 0), { kind: 'gone', run: 1 });
    expect(life.state).toMatchObject({ phase: 'preparing', wanted: 'up' });
    expect(life.restarts()).toEqual([]);
  });

  test('a second stop neither repeats the signal nor extends the deadline', () => {
    const life = play().up(0).at(10, { kind: 'stop' });
    const before = life.state;
    const orders = life.ordered.length;
    expect(lifecycleDeadline(life.at(500, { kind: 'stop' }).state)).toBe(lifecycleDeadline(before));
    expect(life.ordered).toHaveLength(orders);
  });

  test('a requested restart is counted as such and uses no budget', () => {
    const life = play()
      .up(0)
      .at(10, { kind: 'restart', cause: { reason: 'requested', detail: null } });
    life.at(20, exit(1, 0), { kind: 'gone', run: 1 }, { kind: 'prepared', run: 2 });
    expect(life.restarts()).toEqual(['requested']);
    expect(life.state.failures).toEqual([]);
  });

  test.each([
    ['always', 0, 'retry'],
    ['always', 1, 'retry'],
    ['on-failure', 0, 'completed'],
    ['on-failure', 1, 'retry'],
    ['never', 0, 'completed'],
    ['never', 1, 'prevented'],
  ] as const)('policy %s and exit code %i lead to %s', (name, code, outcome) => {
    const life = play(INITIAL_LIFECYCLE, { ...policy, restart: { ...restart, policy: name } })
      .up(0)
      .at(10, exit(1, code), { kind: 'gone', run: 1 });
    expect(life.state.phase === 'stopped' ? life.state.because : 'retry').toBe(outcome);
  });

  test('an exit code of the success list is no failure, one of the prevent list stays down even with always', () => {
    const success = {
      ...policy,
      restart: { ...restart, policy: 'on-failure' as const, successExitCodes: [0, 3] },
    };
    expect(
      play(INITIAL_LIFECYCLE, success).up(0).at(1, exit(1, 3), { kind: 'gone', run: 1 }).state,
    ).toMatchObject({
      because: 'completed',
    });
    const prevent = { ...policy, restart: { ...restart, preventExitCodes: [78] } };
    expect(
      play(INITIAL_LIFECYCLE, prevent).up(0).at(1, exit(1, 78), { kind: 'gone', run: 1 }).state,
    ).toMatchObject({
      because: 'prevented',
      wanted: 'up',
    });
  });

  test('a server that must never be brought back is not, when it does not get ready either', () => {
    const never = { ...policy, restart: { ...restart, policy: 'never' as const } };
    const life = play(INITIAL_LIFECYCLE, never)
      .at(0, { kind: 'start', clear: true }, { kind: 'prepared', run: 1 })
      .at(30_000, { kind: 'tick' }, exit(1, 0), { kind: 'gone', run: 1 });
    expect(life.state).toMatchObject({ phase: 'stopped', because: 'prevented' });
  });

  test('a fault that does not heal by itself waits for a person, and is tried again each half hour', () => {
    const failure = { code: 'CWD_MISSING', message: 'no folder', hint: null, retry: 'never' } as const;
    const life = play().at(0, { kind: 'start', clear: true }, { kind: 'unprepared', run: 1, failure });
    const minutes = (lifecycleDeadline(life.state) ?? 0) / 60_000;
    expect(life.state).toMatchObject({ phase: 'needs_attention', failures: [] });
    expect(minutes).toBeGreaterThanOrEqual(24);
    expect(minutes).toBeLessThanOrEqual(36);
    const again = play(life.state).at(minutes * 60_000, { kind: 'tick' });
    expect(again.state).toMatchObject({ phase: 'preparing', run: 2 });
    again.at(minutes * 60_000 + 1, { kind: 'unprepared', run: 2, failure });
    expect(again.state).toMatchObject({ phase: 'needs_attention' });
    expect(life.at(10, { kind: 'start', clear: true }).state).toMatchObject({ phase: 'preparing', run: 2 });
  });

  describe('a server that answers the handshake with an error', () => {
    const REFUSED = '-32603 Missing API key';

    /** Starts it once more: it refuses in these words, asked twice, and exits; the time of the next attempt follows. */
    function refuse(life: ReturnType<typeof play>, words: readonly string[]): void {
      const at = life.state.run === 0 ? 0 : (lifecycleDeadline(life.state) ?? 0);
      life.at(at, life.state.run === 0 ? { kind: 'start', clear: true } : { kind: 'tick' });
      const { run } = life.state;
      life.at(at, { kind: 'prepared', run });
      for (const error of words) life.at(at, { kind: 'refused', run, error });
      life.at(at, exit(run), { kind: 'gone', run });
    }

    test('needs attention after three starts with the same one, and then half-hourly', () => {
      const life = play();
      refuse(life, [REFUSED, REFUSED]);
      expect(life.state.phase).toBe('backoff');
      refuse(life, [REFUSED]);
      expect(life.state.phase).toBe('backoff');
      refuse(life, [REFUSED]);
      expect(life.state).toMatchObject({ phase: 'needs_attention', run: 3, delay: minutes(30) });
      refuse(life, [REFUSED]);
      expect(life.state).toMatchObject({ phase: 'needs_attention', run: 4, delay: minutes(30) });
    });

    test('only crashes when the errors differ, or a start in between had none', () => {
      const differing = play();
      for (let count = 0; count < 4; count += 1) refuse(differing, [`${REFUSED} ${count}`]);
      expect(differing.state.phase).toBe('backoff');
      const pausing = play();
      for (const words of [[REFUSED], [REFUSED], [], [REFUSED]]) refuse(pausing, words);
      expect(pausing.state.phase).toBe('backoff');
    });

    test('leaves that state with an answer, and with a start by an operator or a new config', () => {
      const life = play();
      for (let count = 0; count < 3; count += 1) refuse(life, [REFUSED]);
      life.at(lifecycleDeadline(life.state) ?? 0, { kind: 'tick' }, { kind: 'prepared', run: 4 });
      life.at(minutes(40), { kind: 'ready', run: 4 });
      expect(life.state.phase).toBe('running');
      life.at(minutes(50), exit(4), { kind: 'gone', run: 4 });
      expect(life.state.phase).toBe('preparing');

      const asked = play();
      for (let count = 0; count < 3; count += 1) refuse(asked, [REFUSED]);
      asked.at(minutes(5), { kind: 'start', clear: true }, { kind: 'prepared', run: 4 });
      asked.at(minutes(5), { kind: 'refused', run: 4, error: REFUSED }, exit(4), { kind: 'gone', run: 4 });
      expect(asked.state.phase).toBe('backoff');
    });

    test('says nothing of the error itself in its state', () => {
      const life = play();
      refuse(life, [REFUSED]);
      expect(JSON.stringify(life.state)).not.toContain('API key');
    });
  });

  test('a preparation that fails is tried again and again, later and later, and uses no restart budget', () => {
    const failure = { code: 'OFFLINE', message: 'no network', hint: null, retry: 'backoff' } as const;
    const life = play().at(0, { kind: 'start', clear: true });
    for (let run = 1, now = 0; run <= 20; run += 1) {
      life.at(now, { kind: 'unprepared', run, failure });
      expect(life.state.phase).toBe('backoff');
      now = lifecycleDeadline(life.state) ?? now;
      life.at(now, { kind: 'tick' });
    }
    expect(life.state.failures).toEqual([]);
  });
});

/** Lives through `until` ms with a server that is ready `readyAfter` its start and dies `dies` after it. */
function crashLoop({
  dies,
  readyAfter,
  until,
  healthyFirst = 0,
}: {
  dies: number;
  readyAfter: number;
  until: number;
  healthyFirst?: number;
}) {
  const spawns: number[] = [];
  let state: LifecycleState = INITIAL_LIFECYCLE;
  let now = 0;
  const tell = (news: LifecycleInput): readonly LifecycleAction[] => {
    const decision = decideLifecycle(state, { ...news, at: now, chance: 0.5 }, policy);
    state = decision.state;
    return decision.actions;
  };
  const pending: { at: number; news: LifecycleInput }[] = [{ at: 0, news: { kind: 'start', clear: true } }];
  while (pending.length > 0) {
    pending.sort((a, b) => a.at - b.at);
    const next = pending.shift();
    if (next === undefined || next.at > until) break;
    now = next.at;
    for (const action of tell(next.news)) {
      if (action.kind === 'prepare') pending.push({ at: now, news: { kind: 'prepared', run: action.run } });
      if (action.kind !== 'spawn') continue;
      spawns.push(now);
      const life = spawns.length === 1 && healthyFirst > 0 ? healthyFirst : dies;
      if (readyAfter < life) pending.push({ at: now + readyAfter, news: { kind: 'ready', run: action.run } });
      pending.push(
        { at: now + life, news: exit(action.run) },
        { at: now + life, news: { kind: 'gone', run: action.run } },
      );
    }
    const deadline = lifecycleDeadline(state);
    if (deadline !== null) pending.push({ at: deadline, news: { kind: 'tick' } });
  }
  return { spawns, state };
}

describe('the four crash loops', () => {
  test.each([
    ['dies 0.2 s after every start', { dies: 200, readyAfter: 1000 }, 0],
    ['dies 2 s after every start', { dies: 2000, readyAfter: 500 }, 0],
    ['dies 20 s after every start', { dies: 20_000, readyAfter: 500 }, 0],
    [
      'is healthy for an hour, then dies every 0.2 s',
      { dies: 200, readyAfter: 100, healthyFirst: minutes(60) },
      minutes(60),
    ],
  ])('%s: five starts, then crash looping', (_, behaviour, since) => {
    const { spawns, state } = crashLoop({ ...behaviour, until: since + minutes(4) });
    // The start before the hour of health is not part of the loop.
    expect(spawns.filter((at) => at >= since)).toHaveLength(since === 0 ? 5 : 4);
    expect(state).toMatchObject({ phase: 'crash_looping', failures: { length: 5 } });
  });

  test('a server that dies every 70 s is caught by the longer window', () => {
    const { spawns, state } = crashLoop({ dies: 70_000, readyAfter: 500, until: minutes(30) });
    expect(spawns.length).toBeLessThanOrEqual(12);
    expect(spawns.length).toBeGreaterThanOrEqual(10);
    expect(state.phase === 'crash_looping' || state.halfOpen).toBe(true);
  });

  test('a crash loop is tried once each five minutes, and no more often, however long it lasts', () => {
    const { spawns } = crashLoop({ dies: 200, readyAfter: 1000, until: minutes(65) });
    const retries = spawns.slice(5);
    expect(retries).toHaveLength(12);
    for (const [index, at] of retries.slice(1).entries())
      expect(at - (retries[index] ?? 0)).toBeGreaterThanOrEqual(minutes(5));
  });

  test('a retry that stays healthy for a minute ends the crash loop', () => {
    const { state } = crashLoop({ dies: 200, readyAfter: 1000, until: minutes(4) });
    const at = lifecycleDeadline(state) ?? 0;
    const life = play(state).at(
      at,
      { kind: 'tick' },
      { kind: 'prepared', run: 6 },
      { kind: 'ready', run: 6 },
    );
    expect(life.state).toMatchObject({ phase: 'running', halfOpen: true });
    expect(life.at(at + 60_000, { kind: 'tick' }).state).toMatchObject({
      phase: 'running',
      halfOpen: false,
      attempt: 0,
    });
    // The next failure is judged by the windows again, not as a failed retry.
    expect(life.at(at + 90_000, exit(6), { kind: 'gone', run: 6 }).state.phase).toBe('preparing');
  });

  test('an operator start or a new config in a crash loop restarts at once, with a fresh budget', () => {
    const { state } = crashLoop({ dies: 200, readyAfter: 1000, until: minutes(4) });
    expect(play(state).at(minutes(4), { kind: 'start', clear: true }).state).toMatchObject({
      phase: 'preparing',
      failures: [],
    });
    const cause = { reason: 'config', detail: null } as const;
    expect(play(state).at(minutes(4), { kind: 'restart', cause }).state).toMatchObject({
      phase: 'preparing',
      failures: [],
    });
  });
});

describe('for any history', () => {
  const anyNews = fc.record({
    kind: fc.constantFrom(
      'start',
      'stop',
      'idle',
      'restart',
      'prepared',
      'unprepared',
      'ready',
      'failing',
      'exited',
      'gone',
      'tick',
    ),
    passed: fc.nat(90_000),
    isStale: fc.boolean(),
    code: fc.constantFrom(0, 1, null),
    chance: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  type AnyNews = typeof anyNews extends fc.Arbitrary<infer T> ? T : never;

  function toEvent(
    { kind, isStale, code, chance }: AnyNews,
    { run }: LifecycleState,
    at: number,
  ): LifecycleEvent {
    const when = { at, chance, run: isStale ? run - 1 : run };
    const failure = { code: 'OFFLINE', message: '', hint: null, retry: 'backoff' } as const;
    switch (kind) {
      case 'start':
        return { at, chance, kind, clear: true };
      case 'restart':
        return { at, chance, kind, cause: { reason: 'requested', detail: null } };
      case 'stop':
      case 'tick':
        return { at, chance, kind };
      case 'unprepared':
        return { ...when, kind, failure };
      case 'failing':
        return { ...when, kind, cause: { reason: 'probe', detail: null } };
      case 'exited':
        return { ...when, kind, code, signal: code === null ? 'SIGKILL' : null };
      default:
        return { ...when, kind };
    }
  }

  // A second of work, for which a machine that does much else may take half a minute.
  test(
    'at most one process lives, stops never spawn, late news is dropped, early ticks do nothing',
    { timeout: 180_000 },
    () => {
      fc.assert(
        fc.property(fc.array(anyNews, { maxLength: 80 }), (history) => {
          let state = INITIAL_LIFECYCLE;
          let at = 0;
          let alive = 0;
          for (const news of history) {
            at += news.passed;
            const event = toEvent(news, state, at);
            // Only what the system can do: what lives ends, once, and is gone after that.
            if (news.kind === 'gone' && state.phase !== 'stopping' && !news.isStale) continue;
            const decision = decideLifecycle(state, event, policy);
            const spawned = decision.actions.filter(({ kind }) => kind === 'spawn').length;
            if (news.kind === 'gone' && !news.isStale) alive -= 1;
            alive += spawned;
            expect(alive).toBe(hasProcess(decision.state) ? 1 : 0);
            if (news.kind === 'stop') expect(spawned).toBe(0);
            if ('run' in event && event.run !== state.run) expect(decision).toEqual({ state, actions: [] });
            const due = lifecycleDeadline(state);
            if (news.kind === 'tick' && (due === null || at < due))
              expect(decision).toEqual({ state, actions: [] });
            if (news.kind === 'tick' && due !== null && at >= due) expect(decision.state).not.toEqual(state);
            const nextDue = lifecycleDeadline(decision.state);
            if (news.kind === 'tick' && nextDue !== null && decision.state !== state)
              expect(nextDue).toBeGreaterThan(at);
            expect(decision.state.run - state.run).toBe(
              decision.actions.filter(({ kind }) => kind === 'prepare').length,
            );
            expect(decision.state.failures.length).toBeLessThanOrEqual(10);
            if (decision.state.phase === 'backoff')
              expect(decision.state.delay).toBeLessThanOrEqual(restart.maxDelay);
            state = decision.state;
          }
        }),
        { numRuns: 2000 },
      );
    },
  );
});

describe('a process whose place is taken', () => {
  test('is followed by the next run at once, whatever the delay, as long as a budget is left', () => {
    const gone = (run: number): LifecycleInput => ({ kind: 'gone', run, isReplaced: true });
    const life = play().up(0);
    life.at(100, exit(1), gone(1)).at(101, { kind: 'prepared', run: 2 }, { kind: 'ready', run: 2 });
    life.at(200, exit(2), gone(2));
    expect(life.state).toMatchObject({ phase: 'preparing', run: 3 });
    const spent: LifecyclePolicy = {
      ...policy,
      restart: { ...restart, budget: [{ restarts: 1, within: minutes(10) }] },
    };
    const last = play(INITIAL_LIFECYCLE, spent).up(0).at(100, exit(1), gone(1));
    expect(last.state.phase).toBe('crash_looping');
  });

  test('is replaced only where another run follows', () => {
    const died = { kind: 'exited', run: 1, code: 1, signal: null, at: 100, chance: 0.5 } as const;
    const { state } = play().up(0);
    const under = (change: Partial<typeof restart>): LifecyclePolicy => ({
      ...policy,
      restart: { ...restart, ...change },
    });
    expect(comesBack(state, died, policy)).toBe(true);
    expect(comesBack(state, { ...died, run: 2 }, policy)).toBe(false);
    expect(comesBack(play().at(0, { kind: 'start', clear: true }).state, died, policy)).toBe(false);
    expect(comesBack(play().up(0).at(1, { kind: 'stop' }).state, died, policy)).toBe(false);
    expect(comesBack(state, died, under({ policy: 'never' }))).toBe(false);
    expect(comesBack(state, died, under({ preventExitCodes: [1] }))).toBe(false);
    expect(comesBack(state, died, under({ budget: [{ restarts: 1, within: minutes(10) }] }))).toBe(false);
  });
});
