// Update state machine: every event in every state.
import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideUpdate } from '../../../src/core/update/update-machine.ts';
import {
  updateDeadline,
  IDLE_UPDATE,
  LONGEST_WAIT,
  type UpdateAction,
  type UpdateDecision,
  type UpdateInput,
  type UpdatePlan,
  type UpdateState,
  versionToStart,
} from '../../../src/core/update/update-state.ts';

const PLAN: UpdatePlan = {
  kind: 'update',
  from: '1.0.0',
  to: '2.0.0',
  by: 'operator',
  wish: 'latest',
  isPin: false,
  since: 0,
};
const BACK: UpdatePlan = { ...PLAN, kind: 'rollback', from: '2.0.0', to: '1.0.0' };
const RULES = {
  strictTools: false,
  probation: 600_000,
  comeUp: 60_000,
  // As another package manager has it: `2.0` is `2.0.0`.
  isSame: (one: string, other: string): boolean =>
    one.replace(/(\.0)+$/, '') === other.replace(/(\.0)+$/, ''),
};
const VERDICT = { reason: 'it ended', isBad: true, isAsked: false };

const STATES = {
  idle: IDLE_UPDATE,
  installing: { phase: 'installing', plan: PLAN },
  canary: { phase: 'canary', plan: PLAN },
  waiting: { phase: 'waiting', plan: PLAN, deadline: 1000, notice: null },
  backingUp: {
    phase: 'switching',
    plan: PLAN,
    step: 'back-up',
    isSeen: false,
    deadline: null,
    notice: null,
  },
  linking: { phase: 'switching', plan: PLAN, step: 'link', isSeen: false, deadline: null, notice: null },
  starting: { phase: 'switching', plan: PLAN, step: 'start', isSeen: false, deadline: 1000, notice: null },
  seen: { phase: 'switching', plan: PLAN, step: 'start', isSeen: true, deadline: 1000, notice: null },
  probation: { phase: 'probation', plan: PLAN, deadline: 1000, isUp: true, deaths: 0, notice: null },
  wavering: { phase: 'probation', plan: PLAN, deadline: 1000, isUp: false, deaths: 0, notice: null },
  overdue: { phase: 'probation', plan: PLAN, deadline: 400, isUp: false, deaths: 0, notice: null },
  onHold: { phase: 'probation', plan: PLAN, deadline: null, isUp: false, deaths: 0, notice: null },
  unlinking: {
    phase: 'rolling_back',
    plan: PLAN,
    step: 'link',
    isLinked: false,
    deadline: null,
    verdict: VERDICT,
  },
  returning: {
    phase: 'rolling_back',
    plan: PLAN,
    step: 'start',
    isLinked: true,
    deadline: 1000,
    verdict: VERDICT,
  },
  unlinked: {
    phase: 'rolling_back',
    plan: PLAN,
    step: 'start',
    isLinked: false,
    deadline: 1000,
    verdict: VERDICT,
  },
  relinking: {
    phase: 'rolling_back',
    plan: PLAN,
    step: 'relink',
    isLinked: false,
    deadline: 1000,
    verdict: VERDICT,
  },
} as const satisfies Record<string, UpdateState>;
type Name = keyof typeof STATES;

const EVENTS = {
  begin: { kind: 'begin', plan: PLAN },
  installed: { kind: 'installed', refusal: null },
  notInstalled: { kind: 'installed', refusal: 'offline' },
  canaried: { kind: 'canaried', failure: null, lost: null },
  lost: { kind: 'canaried', failure: null, lost: 'a tool is gone: a' },
  bad: { kind: 'canaried', failure: { reason: 'it hangs', fault: 'version' }, lost: null },
  unlucky: { kind: 'canaried', failure: { reason: 'no port', fault: 'ours' }, lost: null },
  quiet: { kind: 'quiet' },
  backedUp: { kind: 'backed-up', refusal: null },
  notBackedUp: { kind: 'backed-up', refusal: 'full' },
  unwritten: { kind: 'unwritten' },
  linked: { kind: 'linked', version: '2.0.0', refusal: null, isUp: true },
  linkedDown: { kind: 'linked', version: '2.0.0', refusal: null, isUp: false },
  notLinked: { kind: 'linked', version: '2.0.0', refusal: 'full', isUp: true },
  linkedBack: { kind: 'linked', version: '1.0.0', refusal: null, isUp: true },
  linkedBackDown: { kind: 'linked', version: '1.0.0', refusal: null, isUp: false },
  notLinkedBack: { kind: 'linked', version: '1.0.0', refusal: 'full', isUp: true },
  spawned: { kind: 'spawned', version: '2.0.0' },
  spawnedOld: { kind: 'spawned', version: '1.0.0' },
  up: { kind: 'up' },
  down: { kind: 'down' },
  failing: { kind: 'failing', stage: 'run', reason: 'it ended', fault: 'version' },
  unstartable: { kind: 'failing', stage: 'start', reason: 'no program', fault: 'version' },
  portTaken: { kind: 'failing', stage: 'start', reason: 'port taken', fault: 'ours' },
  stopped: { kind: 'stopped' },
  cancel: { kind: 'cancel' },
  superseded: { kind: 'superseded', reason: 'removed' },
  sameWish: { kind: 'wish', wish: 'latest' },
  otherWish: { kind: 'wish', wish: '^1' },
  early: { kind: 'tick' },
  late: { kind: 'tick' },
} as const satisfies Record<string, UpdateInput>;
type EventName = keyof typeof EVENTS;

function after(state: UpdateState, event: EventName, rules = RULES): UpdateDecision {
  return decideUpdate(state, { at: event === 'late' ? 1000 : 500, ...EVENTS[event] }, rules);
}

/** `phase[.step]: actions`, or how it ended: `result from|to|config [bad]`. */
function describeDecision({ state, actions }: UpdateDecision): string {
  const settled = actions.find((action) => action.kind === 'settle');
  const others = actions.filter(({ kind }) => kind !== 'settle').map(describeAction);
  if (settled !== undefined) {
    const { result, runs, bad } = settled.outcome;
    const end = [result, runs ?? 'config', ...(bad === null ? [] : [`bad ${bad}`])].join(' ');
    return [...others, end].join(', ');
  }
  const step = 'step' in state ? `.${state.step}` : '';
  return `${state.phase}${step}${others.length === 0 ? '' : `: ${others.join(', ')}`}`;
}

function describeAction(action: UpdateAction): string {
  return action.kind === 'link' ? `link ${action.version}` : action.kind;
}

const BROKEN_OFF = {
  cancel: 'abort, held from',
  superseded: 'abort, held from',
  otherWish: 'abort, held from',
};
const GO_BACK = 'rolling_back.link: abort, link 1.0.0';
const BY_CONFIG = { superseded: 'abort, held config', otherWish: 'abort, held config' };

/** What is not named changes nothing. */
const TABLE: Readonly<Record<Name, Partial<Record<EventName, string>>>> = {
  idle: { begin: 'installing: install' },
  installing: { installed: 'canary: canary', notInstalled: 'abort, failed from', ...BROKEN_OFF },
  canary: {
    canaried: 'waiting: await-quiet',
    lost: 'waiting: await-quiet',
    bad: 'abort, failed from bad 2.0.0',
    unlucky: 'abort, failed from',
    ...BROKEN_OFF,
  },
  waiting: {
    quiet: 'switching.back-up: abort, back-up',
    late: 'switching.back-up: abort, back-up',
    ...BROKEN_OFF,
  },
  backingUp: { backedUp: 'switching.link: link 2.0.0', notBackedUp: 'abort, failed from', ...BROKEN_OFF },
  linking: {
    linked: 'switching.start: restart',
    linkedDown: 'committed to',
    notLinked: 'abort, failed from',
    unwritten: 'abort, failed from',
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  starting: {
    spawned: 'switching.start',
    spawnedOld: GO_BACK,
    unstartable: GO_BACK,
    portTaken: GO_BACK,
    stopped: 'probation',
    late: GO_BACK,
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  seen: {
    spawned: 'switching.start',
    spawnedOld: GO_BACK,
    up: 'probation: watch',
    failing: GO_BACK,
    unstartable: GO_BACK,
    portTaken: GO_BACK,
    stopped: 'probation',
    late: GO_BACK,
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  probation: {
    spawnedOld: GO_BACK,
    failing: GO_BACK,
    unstartable: GO_BACK,
    stopped: 'probation',
    late: 'committed to',
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  wavering: {
    spawnedOld: GO_BACK,
    failing: GO_BACK,
    unstartable: GO_BACK,
    stopped: 'probation',
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  overdue: {
    spawnedOld: GO_BACK,
    up: 'committed to',
    failing: GO_BACK,
    unstartable: GO_BACK,
    stopped: 'probation',
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  onHold: {
    spawnedOld: GO_BACK,
    up: 'probation: watch',
    failing: GO_BACK,
    unstartable: GO_BACK,
    stopped: 'probation',
    cancel: GO_BACK,
    ...BY_CONFIG,
  },
  unlinking: {
    linkedBack: 'rolling_back.start: restart',
    linkedBackDown: 'rolled_back from bad 2.0.0',
    notLinkedBack: 'rolling_back.start: restart',
    ...BY_CONFIG,
  },
  returning: {
    spawnedOld: 'rolled_back from bad 2.0.0',
    stopped: 'rolled_back from bad 2.0.0',
    late: 'rolled_back from bad 2.0.0',
    ...BY_CONFIG,
  },
  unlinked: {
    spawnedOld: 'rolling_back.relink',
    stopped: 'rolling_back.relink',
    late: 'rolling_back.relink',
    ...BY_CONFIG,
  },
  relinking: {
    linkedBack: 'rolled_back from bad 2.0.0',
    linkedBackDown: 'rolled_back from bad 2.0.0',
    notLinkedBack: 'rolling_back.relink',
    late: 'rolling_back.relink: link 1.0.0',
    ...BY_CONFIG,
  },
};

const names = <K extends string>(object: Readonly<Record<K, unknown>>): K[] =>
  Object.keys(object).filter((key): key is K => Object.hasOwn(object, key));

describe('decide()', () => {
  test.each(names(STATES))('knows what every event means while it is %s', (name) => {
    const state: UpdateState = STATES[name];
    const step = 'step' in state ? `.${state.step}` : '';
    const expected = names(EVENTS).map((event) => [event, TABLE[name][event] ?? `${state.phase}${step}`]);
    const got = names(EVENTS).map((event) => [event, describeDecision(after(state, event))]);
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(expected));
  });

  test('leaves the very same state where an event means nothing', () => {
    for (const name of names(STATES)) expect(after(STATES[name], 'sameWish').state).toBe(STATES[name]);
  });

  test('holds a version that loses tools where tools are strict', () => {
    const strict = { ...RULES, strictTools: true };
    expect(describeDecision(after(STATES.canary, 'lost', strict))).toBe('abort, held from');
    expect(describeDecision(after(STATES.canary, 'canaried', strict))).toBe('waiting: await-quiet');
  });

  test('knows the version by all of its spellings', () => {
    const spawned = { at: 500, kind: 'spawned', version: '2.0' } as const;
    expect(decideUpdate(STATES.starting, spawned, RULES).state).toMatchObject({ isSeen: true });
    expect(decideUpdate(STATES.probation, spawned, RULES).state).toBe(STATES.probation);
    const wish = { at: 500, kind: 'wish', wish: '2' } as const;
    expect(describeDecision(decideUpdate(STATES.probation, wish, RULES))).toMatch(/^committed/u);
  });

  test('does not wait longer than five minutes for a quiet moment', () => {
    expect(updateDeadline(after(STATES.canary, 'canaried').state)).toBe(500 + LONGEST_WAIT);
  });

  test('blames the version for what is its fault, and nobody for the rest', () => {
    const blame = (state: UpdateState, event: EventName): unknown => {
      const { state: next } = after(state, event);
      return next.phase === 'rolling_back' && next.verdict.isBad;
    };
    expect(blame(STATES.seen, 'failing')).toBe(true);
    expect(blame(STATES.seen, 'late')).toBe(true);
    expect(blame(STATES.probation, 'unstartable')).toBe(true);
    expect(blame(STATES.seen, 'portTaken')).toBe(false);
    expect(blame(STATES.seen, 'spawnedOld')).toBe(false);
  });

  test('lets nobody pass who is down at the deadline, and everybody who is up again', () => {
    const down = after(STATES.probation, 'down').state;
    expect(updateDeadline(down)).toBeNull();
    expect(after(down, 'late').state).toBe(down);
    const upAgain = after(down, 'up').state;
    expect(updateDeadline(upAgain)).toBe(1000);
    expect(describeDecision(after(upAgain, 'late'))).toBe('committed to');
  });

  test('takes a rollback by hand straight to its end', () => {
    const [installing] = [decideUpdate(IDLE_UPDATE, { at: 0, kind: 'begin', plan: BACK }, RULES).state];
    const switching = decideUpdate(installing, { at: 0, kind: 'installed', refusal: null }, RULES);
    expect(describeDecision(switching)).toBe('switching.back-up: abort, back-up');
    const seen: UpdateState = { ...STATES.seen, plan: BACK };
    expect(describeDecision(decideUpdate(seen, { at: 0, kind: 'up' }, RULES))).toBe('committed to bad 2.0.0');
    expect(describeDecision(decideUpdate(seen, { at: 0, kind: 'stopped' }, RULES))).toBe(
      'committed to bad 2.0.0',
    );
    const failing = decideUpdate(seen, { at: 0, ...EVENTS.failing }, RULES);
    expect(describeDecision(failing)).toBe('rolling_back.link: abort, link 2.0.0');
  });

  test('is never stuck: from every state under way some time or news lead to an end', () => {
    const event = constantFrom(...names(EVENTS));
    const state = constantFrom(...names(STATES));
    assert(
      property(state, array(event, { maxLength: 30 }), (from, events) => {
        let current: UpdateState = STATES[from];
        let touched = false;
        for (const name of events) {
          const { state: next, actions } = after(current, name);
          touched ||= actions.some((action) => action.kind === 'link' && action.version === '2.0.0');
          const outcome = actions.find((action) => action.kind === 'settle')?.outcome;
          // Back at rest exactly when it is told how it ended.
          expect(next.phase === 'idle' && current.phase !== 'idle').toBe(outcome !== undefined);
          current = next;
        }
        const end = reach(current);
        expect(end).toBe('idle');
      }),
    );
  });
});

/** What a patient world that does everything it is told leads to. */
function reach(from: UpdateState): string {
  let state = from;
  const answers: Readonly<Record<string, EventName[]>> = {
    installing: ['installed'],
    canary: ['canaried'],
    waiting: ['late'],
    switching: ['backedUp', 'linked', 'spawned', 'up'],
    probation: ['up'],
    rolling_back: ['linkedBack', 'spawnedOld'],
  };
  for (let step = 0; step < 20 && state.phase !== 'idle'; step += 1) {
    for (const event of answers[state.phase] ?? []) state = after(state, event).state;
    const deadline = updateDeadline(state);
    if (deadline !== null) state = decideUpdate(state, { at: deadline, kind: 'tick' }, RULES).state;
  }
  return state.phase;
}

describe('versionToStart()', () => {
  test.each([
    ['idle', null],
    ['installing', null],
    ['waiting', null],
    ['backingUp', null],
    ['linking', null],
    ['starting', '2.0.0'],
    ['probation', '2.0.0'],
    ['onHold', '2.0.0'],
    ['unlinking', '1.0.0'],
    ['relinking', '1.0.0'],
  ] as const)('while it is %s is %s', (name, version) => {
    expect(versionToStart(STATES[name], 'latest')).toBe(version);
    expect(versionToStart(STATES[name], '^1')).toBeNull();
  });
});
