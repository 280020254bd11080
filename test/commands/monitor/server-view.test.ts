// Pictures of one server in the live view: what follows next, its log, its tools and clients, and an update under way.
import { describe, expect, it } from 'vitest';
import { frame, lastOffset } from '../../../src/commands/monitor/frame.ts';
import { type Facts, type Model, press, START, withStatus } from '../../../src/commands/monitor/model.ts';
import { signsOf } from '../../../src/commands/monitor/words.ts';
import { widthOf } from '../../../src/commands/views/style.ts';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import { NO_UPDATES, type UpdateProgress } from '../../../src/core/model/update.ts';
import { factsAbout } from '../../fakes/monitor-facts.ts';
import { DOWN, MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';

const SIZES = [
  [80, 24],
  [120, 40],
  [40, 20],
  [30, 6],
] as const;

function factsOf(server: ServerStatus, change: Partial<Facts> = {}): Facts {
  return factsAbout([server], change);
}

function size(width: number, rows: number) {
  return { width, rows, colour: false, signs: signsOf(true) };
}

function pressed(
  facts: Facts,
  keys: readonly string[],
  [width, rows] = SIZES[0] as readonly [number, number],
): Model {
  let model = withStatus(START, facts.status, { now: NOW, isQuiet: true });
  for (const key of keys) {
    const last = lastOffset(model, facts, size(width, rows));
    [model] = press(model, key, { status: facts.status, page: 10, last });
  }
  return model;
}

function draw(
  facts: Facts,
  keys: readonly string[] = ['enter'],
  [width, rows] = SIZES[0] as readonly [number, number],
): string[] {
  return frame(pressed(facts, keys, [width, rows]), facts, size(width, rows));
}

const suspect = serverStatus({
  health: { ...DOWN, up: true, suspect: true, consecutiveFailures: 2 },
  restarts: { ...serverStatus().restarts, probe: 5 },
});

describe('what follows next', () => {
  const missing = (left: number, restarts: boolean): Facts => {
    const facts = factsOf(suspect);
    const misses = { context7: { left, restarts, until: NOW + 20_000 } };
    return {
      ...facts,
      view: { ...facts.view, misses, restarts: { context7: 2 }, restartsEver: { context7: 5 } },
    };
  };

  it('is said of a server that misses probes', () => {
    expect(draw(missing(1, true))).toContain('one more miss and it is restarted, in about 20 s');
    expect(draw(missing(2, false))).toContain('two more misses and it counts as down, in about 20 s');
    expect(draw(factsOf(suspect)).join('\n')).not.toContain('more miss');
  });

  it('tells restarts of today from all', () => {
    expect(draw(missing(1, true)).join('\n')).toContain('restarts 2 today, 5 ever');
    expect(draw(factsOf(serverStatus())).join('\n')).toContain('no restarts');
    // The status, which comes at once, is ahead of the view, which is asked for each second.
    const facts = missing(1, true);
    const view = { ...facts.view, restarts: { context7: 1 }, restartsEver: { context7: 1 } };
    expect(draw({ ...facts, view }).join('\n')).toContain('restarts 1 today, 1 ever');
    const [, , row] = draw(missing(1, true), [], [120, 40]).filter((line) => line.includes('context7'));
    expect(row ?? draw(missing(1, true), [], [120, 40]).find((line) => line.includes('context7'))).toMatch(
      / 2 4\.1\.1/u,
    );
  });

  it('counts alerts that are pending', () => {
    const facts = factsOf(suspect);
    const shown = draw({ ...facts, view: { ...facts.view, pendingAlerts: 3 } }, ['a']);
    expect(shown[1]).toBe(' TROUBLES 1, and 3 pending');
    expect(draw(facts, ['a'])[1]).toBe(' TROUBLES 1');
  });
});

describe('the log', () => {
  const log = Array.from({ length: 200 }, (_, index) => ({
    at: NOW,
    stream: 'stderr',
    text: `line ${index}`,
  }));
  const facts = factsOf(serverStatus(), { log });
  const lastLine = (keys: readonly string[], at: readonly [number, number] = [80, 24]): string =>
    draw(facts, keys, at)
      .findLast((line) => line.includes('line '))
      ?.replace(/.*line /u, '') ?? '';

  it('follows, and is held where it was scrolled to', () => {
    for (const open of ['enter', 'l']) {
      expect(lastLine([open])).toBe('199');
      expect(lastLine([open, 'k', 'k', 'k'])).toBe('196');
      expect(lastLine([open, 'pageup', 'j'])).toBe('190');
      expect(draw(facts, [open, 'k', 'k']).join('\n')).toContain('held: space goes on ─ ▾ 2');
      expect(lastLine([open, 'pageup', 'G'])).toBe('199');
      expect(draw(facts, [open, 'pageup', 'G']).join('\n')).toContain('log ─ following');
      expect(lastLine([open, 'k', ' '])).toBe('199');
      expect(draw(facts, [open, ' ']).join('\n')).toContain('held');
    }
  });

  it('scrolls to its first line and no further, at every size', () => {
    for (const at of SIZES) {
      const lines = draw(facts, ['l', 'g'], at);
      expect(lines.filter((line) => line.endsWith('line 0'))).toHaveLength(1);
      expect(draw(facts, ['l', 'g', 'k', 'k'], at)).toEqual(lines);
      expect(draw(facts, ['l', 'g', 'k', 'j'], at)).not.toEqual(lines);
    }
  });

  it('scrolls what a filter leaves', () => {
    const keys = ['l', '/', '1', '9', 'enter', 'g'];
    expect(draw(facts, keys).filter((line) => line.includes('line '))[0]).toContain('line 19');
    expect(draw(facts, [...keys, 'k']).join('\n')).not.toContain('line 0');
  });

  it('begins anew with another server', () => {
    const two = { ...facts, status: status([serverStatus(), serverStatus({ name: 'other' })]) };
    expect(pressed(two, ['l', 'k', ']'])).toMatchObject({ selected: 'other', isHeld: false, offset: 0 });
  });
});

describe('tools and clients', () => {
  const traffic = {
    load: { sessions: 2, streams: 1, inFlight: 2, queued: 0 },
    clients: [
      { client: 'Claude Code 2.3.1', requests: 4, lastAt: NOW - MINUTE },
      { client: '\u202Eevil\u001B[2J', requests: 4, lastAt: NOW - 2 * MINUTE },
    ],
    tools: [
      { tool: 'browser_click', calls: 240, errors: 14, p50: 20, p95: 1300 },
      { tool: 'browser_\u001B[31mred', calls: 3, errors: 0, p50: 20, p95: 480 },
    ],
  };
  const facts = factsOf(serverStatus(), { traffic });

  it('stand beside each other where there is width', () => {
    const lines = draw(facts);
    const at = lines.findIndex((line) => line.startsWith('TOOL (2)'));
    expect(lines[at]).toMatch(/^TOOL \(2\) +CALLS {2}ERRORS {4}P95 │ CLIENTS 2, in flight 2, queued 0$/u);
    expect(lines[at + 1]).toMatch(/^browser_click +240 {4}5\.8% {3}1\.3s │ Claude Code 2\.3\.1 1m$/u);
  });

  it('stand below each other where there is none, and never act on the terminal', () => {
    const lines = draw(facts, ['enter'], [60, 30]);
    expect(lines.some((line) => line.startsWith('CLIENTS 2, in flight 2'))).toBe(true);
    for (const at of SIZES)
      for (const line of draw(facts, ['enter'], at)) {
        expect(widthOf(line)).toBeLessThanOrEqual(at[0]);
        // eslint-disable-next-line no-control-regex -- none of them may be left
        expect(line).not.toMatch(/[\u0000-\u001F\u202E]/u);
      }
  });

  it('say that nobody has called yet', () => {
    const lines = draw(factsOf(serverStatus(), { traffic: { ...traffic, tools: [], clients: [] } }));
    expect(lines.join('\n')).toContain('TOOL: no calls yet');
  });
});

describe('an update under way', () => {
  const at = (phase: UpdateProgress['phase'], width = 120): string => {
    const progress = {
      phase,
      from: '4.1.1',
      to: '4.2.0',
      by: 'schedule',
      since: NOW - 8 * MINUTE,
      until: phase === 'probation' ? NOW + 7 * MINUTE : null,
      detail: null,
    } as const;
    const update = { checkedAt: null, outlook: null, progress, memory: NO_UPDATES };
    const lines = draw(factsOf(serverStatus({ update })), ['enter'], [width, 40]);
    return lines.find((line) => line.startsWith('update') || line.includes('back to')) ?? '';
  };

  it('says which steps are done', () => {
    expect(at('installing')).toBe('update 4.1.1 → 4.2.0   install');
    expect(at('waiting')).toBe(
      'update 4.1.1 → 4.2.0   install ✓  canary ✓  switch waits until nobody uses it',
    );
    expect(at('probation')).toBe(
      'update 4.1.1 → 4.2.0   install ✓  canary ✓  switch ✓  probation ▆▆▆▆▁▁▁▁ 7m left',
    );
    expect(at('rolling_back')).toContain('rolling back to 4.1.1');
    expect(at('probation', 60)).toBe('');
  });
});
