// Texts of a notification, and everything that hostile text in it must not become.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPayload } from '../../../src/notify/message/payload.ts';
import { fillArguments, fillTemplate } from '../../../src/notify/message/template.ts';
import {
  composeMessage,
  placeholderValues,
  toPlainLine,
  testNotification,
  humanizeAlertName,
} from '../../../src/notify/message/message.ts';
import { AT, digest, NASTY, single, told } from '../fixtures.ts';

const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200C\u200D])\p{Cf}/u;

const lengthOf = (text: string): number => Array.from(text).length;

describe('messageOf()', () => {
  it('says who is in which trouble, how grave, and why', () => {
    expect(composeMessage(single())).toEqual({
      title: 'files: gave up',
      subtitle: 'critical, McpServerGaveUp',
      body: 'files failed too often',
      severity: 'critical',
      status: 'firing',
      alert: 'McpServerGaveUp',
      server: 'files',
      runbook: null,
      count: 1,
    });
  });

  it('says that it is over, and how many came and went', () => {
    const over = { state: 'resolved', summary: 'files has recovered, after 3 min' } as const;
    expect(composeMessage(single(over, 2))).toMatchObject({
      title: 'files: gave up (resolved)',
      subtitle: 'resolved, McpServerGaveUp',
      body: 'files has recovered, after 3 min (2 more alerts came and went meanwhile)',
      severity: 'info',
      status: 'resolved',
    });
    expect(composeMessage(single({ about: null, name: 'McpWatchdogConfigReloadFailed' })).title).toBe(
      'watchdog: config reload failed',
    );
  });

  it('counts and groups in a digest', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((about) => told({ about }));
    const over = told({ about: 'z', state: 'resolved', since: AT - 3_600_000 });
    expect(
      composeMessage(digest([...many, told({ name: 'McpServerCpuHigh', severity: 'warning' }), over], 990)),
    ).toEqual({
      title: '8 alerts, 1 resolved',
      subtitle: '7 critical, 1 warning, for up to 1 h',
      body: 'gave up: a, b, c, d and 3 more; cpu high: files; gave up (resolved): z (990 more alerts came and went meanwhile)',
      severity: 'critical',
      status: 'firing',
      alert: null,
      server: null,
      runbook: null,
      count: 9,
    });
    expect(composeMessage(digest([over, over])).title).toBe('2 resolved');
  });

  it('links the runbook of one alert, whole, and none in a digest', () => {
    const runbook = `https://wiki.example.com/${'x'.repeat(300)}/McpServerGaveUp`;
    const message = composeMessage(single({ runbook }));
    expect(message.runbook).toBe(runbook);
    expect(placeholderValues(message).runbook).toBe(runbook);
    expect(placeholderValues(composeMessage(single())).runbook).toBe('');
    const both = digest([told({ runbook }), told({ about: 'b' })]);
    expect(composeMessage(both).runbook).toBeNull();
    expect(toPayload(both)).toMatchObject({ alerts: [{ runbook }, { runbook: null }] });
  });

  it('never cuts off how many came and went', () => {
    const { body } = composeMessage(single({ summary: 'x'.repeat(1000) }, 990));
    expect(body).toMatch(/x… \(990 more alerts came and went meanwhile\)$/);
    expect(lengthOf(body)).toBe(240);
  });

  it.each([
    ['McpServerMemoryHigh', 'memory high'],
    ['McpOrphanProcesses', 'orphan processes'],
    ['DiskAlmostFull2h', 'disk almost full2h'],
    ['Mcp', 'mcp'],
  ])('says %s as %s', (name, words) => {
    expect(humanizeAlertName(name)).toBe(words);
  });

  it.each(NASTY.map((text) => [text.slice(0, 40), text]))('makes plain text of %j', (_, text) => {
    const message = composeMessage(single({ summary: text, about: text, name: text }));
    const lines = [message.title, message.subtitle, message.body, message.server ?? ''];
    for (const line of lines) {
      expect(line).not.toMatch(FORBIDDEN);
      expect(line).not.toMatch(/^[\s-]|\s$|\s\s/);
    }
    expect(Math.max(...lines.map(lengthOf))).toBeLessThanOrEqual(240);
    expect(lengthOf(message.title)).toBeLessThanOrEqual(80);
    expect(lengthOf(message.subtitle)).toBeLessThanOrEqual(80);
  });

  it('keeps emoji, accents and other scripts', () => {
    expect(composeMessage(single({ summary: '👩‍👩‍👧 naïve 日本語 العربية' })).body).toBe(
      '👩‍👩‍👧 naïve 日本語 العربية',
    );
  });
});

describe('plain()', () => {
  it('gives one line of at most so many code points for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 300 }),
        (text, length) => {
          const line = toPlainLine(text, length);
          expect(lengthOf(line)).toBeLessThanOrEqual(length);
          expect(line).not.toMatch(FORBIDDEN);
          expect(line).not.toMatch(/^[\s-]/);
        },
      ),
    );
  });
});

describe('templates', () => {
  const texts = placeholderValues(
    composeMessage(single({ summary: '{title} {{title}} $& <!channel> [x](http://y) @everyone' })),
  );

  it('fill the arguments of a program, each as one argument, once', () => {
    expect(
      fillArguments(['--title={title}', '{body}', '{nothing}', '{ title }', '{count}/{server}'], texts),
    ).toEqual([
      '--title=files: gave up',
      '{title} {{title}} $& <!channel> [x](http://y) @everyone',
      '{nothing}',
      '{ title }',
      '1/files',
    ]);
  });

  it('fill the texts of a JSON value at any depth, and cannot break out of them', () => {
    const template = {
      text: '{{title}}: {{ body }}',
      deep: [{ n: 1, on: true, none: null, s: '{{severity}}' }],
    };
    expect(fillTemplate(template, texts)).toEqual({
      text: 'files: gave up: {title} {{title}} $& ‹!channel› [x] (http://y) ＠everyone',
      deep: [{ n: 1, on: true, none: null, s: 'critical' }],
    });
  });
});

describe('payloadOf()', () => {
  it('is the whole story as JSON', () => {
    expect(toPayload(single({ about: null }, 3))).toEqual({
      version: 1,
      kind: 'single',
      status: 'firing',
      severity: 'critical',
      title: 'watchdog: gave up',
      subtitle: 'critical, McpServerGaveUp',
      body: 'files failed too often (3 more alerts came and went meanwhile)',
      at: '2026-01-01T12:00:00.000Z',
      count: 1,
      swallowed: 3,
      alerts: [
        {
          name: 'McpServerGaveUp',
          server: null,
          severity: 'critical',
          status: 'firing',
          summary: 'files failed too often',
          since: '2026-01-01T11:59:00.000Z',
          runbook: null,
        },
      ],
    });
  });

  it('is bounded, and still counts everything', () => {
    const many = Array.from({ length: 1000 }, () => told({ summary: 'x'.repeat(5000) }));
    const payload = toPayload(digest(many));
    expect(payload).toMatchObject({ count: 1000, title: '1000 alerts' });
    expect(JSON.stringify(payload).length).toBeLessThan(100_000);
  });

  it('says of a test that it is one', () => {
    expect(toPayload(testNotification(AT))).toMatchObject({
      kind: 'test',
      status: 'test',
      alerts: [],
      count: 0,
    });
  });
});
