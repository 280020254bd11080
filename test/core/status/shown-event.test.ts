import { describe, expect, it } from 'vitest';
import { createPathHider } from '../../../src/core/status/public-status.ts';
import {
  foldEvents,
  publicEvent,
  type RecordedEvent,
  shownEvent,
} from '../../../src/core/status/shown-event.ts';
import { DOWN } from '../../fakes/status.ts';

const WORDS = 'KEY abc of Jane';
const exited: RecordedEvent = {
  at: 1,
  kind: 'exited',
  server: 'files',
  run: 1,
  code: 3,
  signal: null,
  lastLines: [WORDS],
  quote: WORDS,
};
const probed: RecordedEvent = {
  at: 2,
  kind: 'probed',
  server: 'files',
  probe: 'ping',
  result: { outcome: 'failed', took: 1, reason: 'protocol', detail: `-32603 ${WORDS}`, quote: WORDS },
};

describe('shown event', () => {
  it('is one line in our words, those of the server in quotation marks', () => {
    expect(shownEvent(exited)).toEqual({
      at: 1,
      firstAt: 1,
      count: 1,
      kind: 'exited',
      server: 'files',
      text: `exited with code 3: “${WORDS}”`,
      tone: 'warn',
    });
    expect(shownEvent(probed)?.text).toBe(`probe ping: -32603: “${WORDS}”`);
  });

  it('is without the words of servers and without places on the disk for everybody', () => {
    const hide = createPathHider('/home/ada/.mcp-watchdog', '/home/ada');
    const shown = [exited, probed].map((event) => shownEvent(event)).filter((event) => event !== null);
    expect(shown).toHaveLength(2);
    expect(JSON.stringify(shown.map((event) => publicEvent(event, hide)))).not.toContain('Jane');
    const refused = shownEvent({
      at: 3,
      kind: 'config-loaded',
      path: '/home/ada/.mcp-watchdog/config.yaml',
      ok: false,
      error: 'Cannot use /home/ada/.mcp-watchdog/config.yaml: no servers, see /home/ada/notes',
    });
    expect(refused && publicEvent(refused, hide).text).toBe(
      'The config was refused, the old one stays in force: Cannot use <home>/config.yaml: no servers, see ~/notes',
    );
  });

  it('says nothing of routine, and of health only what a person would ask', () => {
    const health = { at: 1, kind: 'health', server: 'files' } as const;
    expect(shownEvent({ at: 1, kind: 'ticked' })).toBeNull();
    expect(shownEvent({ ...health, health: { ...DOWN, up: null } })).toBeNull();
    expect(shownEvent({ ...health, health: DOWN })).toMatchObject({
      text: 'down: no answer within 5 s',
      tone: 'bad',
    });
    expect(shownEvent({ ...health, health: { ...DOWN, up: true, detail: null } })?.text).toBe('answers');
  });

  it('folds neighbours that say the same', () => {
    const one = shownEvent(probed);
    const other = shownEvent(exited);
    if (one === null || other === null) throw new Error('both are shown');
    const folded = foldEvents([{ ...one, at: 9 }, { ...one, at: 7, firstAt: 7 }, other, one]);
    expect(folded.map(({ count, at, firstAt }) => [count, at, firstAt])).toEqual([
      [2, 9, 2],
      [1, 1, 1],
      [1, 2, 2],
    ]);
  });
});
