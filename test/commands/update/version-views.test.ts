// Versions and updates in every view: status table, server details, changes and live view.
import { describe, expect, it } from 'vitest';
import { createStatusDiff } from '../../../src/commands/inspect/status-changes.ts';
import { eventLine } from '../../../src/core/status/event-line.ts';
import { serverDetail } from '../../../src/commands/inspect/server-detail.ts';
import { statusTable } from '../../../src/commands/views/status-table.ts';
import type { WatchdogEvent, UnstampedEvent } from '../../../src/core/model/events.ts';
import type { UpdateStatus } from '../../../src/core/model/update.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';
import { COMMITTED, memoryOf, outlookOf, progressOf, ROLLED_BACK, updateOf } from '../../fakes/updates.ts';

const view = { width: 200, colour: false, now: NOW };
const at = (update: UpdateStatus, version = '4.0.7') => serverStatus({ version, update });
const until = NOW + 8 * MINUTE;

describe('the table of all servers', () => {
  it.each([
    ['an available update', at(updateOf({ outlook: outlookOf() })), /4\.0\.7 → 4\.1\.1 /u],
    [
      'a canary',
      at(updateOf({ progress: progressOf({ phase: 'canary' }) })),
      /4\.0\.7 → 4\.1\.1 .* canary of 4\.1\.1$/u,
    ],
    [
      'a probation',
      at(updateOf({ progress: progressOf({ phase: 'probation', until }) }), '4.1.1'),
      / 4\.1\.1 .* 4\.1\.1 on probation, 8 min left$/u,
    ],
    [
      'a rollback',
      at(updateOf({ memory: memoryOf({ last: ROLLED_BACK }) })),
      / 4\.0\.7 .* update 4\.0\.7 → 4\.1\.1 rolled back 3 min ago: it ended: exited with code 1$/u,
    ],
  ])('shows %s', (_, server, line) => {
    expect(statusTable(status([server]), view)[1]).toMatch(line);
  });
});

describe('everything about one server', () => {
  it('has a line for each fact about its versions, and says how to take what is available', () => {
    const held = [
      { version: '5.0.0', reason: 'engine', detail: 'it needs node >=22, this is 20.19.0' },
    ] as const;
    const bad = [{ version: '4.1.0', reason: 'it\u001B[2J hangs', at: NOW - 5 * MINUTE }];
    const memory = memoryOf({ previous: '4.0.6', bad, last: COMMITTED });
    const update = updateOf({ checkedAt: NOW - MINUTE, outlook: outlookOf({ held }), memory });
    const lines = serverDetail(at(update), view);
    const from = lines.findIndex((line) => line.startsWith('version'));
    expect(lines.slice(from, from + 8)).toEqual([
      'version         @upstash/context7-mcp 4.0.7, speaks MCP 2025-11-25',
      'available       4.1.1, take it with mcp-watchdog update context7',
      'held            5.0.0: it needs node >=22, this is 20.19.0',
      'previous        4.0.6',
      'bad version     4.1.0, 5 min ago: it hangs',
      'last update     update 4.0.7 → 4.1.1 committed 3 min ago',
      'asked           the registry 1 min ago',
      'url             http://127.0.0.1:9640/mcp',
    ]);
  });
});

describe('what changed', () => {
  it('is each phase once, and how it ended, but no line of npm and no countdown', () => {
    const find = createStatusDiff();
    const show = (update: UpdateStatus, now = NOW) =>
      find(status([at(update)]), now).map(({ text }) => text.replace(/^.*\(/u, '('));
    show(updateOf());
    expect(show(updateOf({ progress: progressOf() }))).toEqual(['(installing 4.1.1)']);
    expect(show(updateOf({ progress: progressOf({ detail: '12 packages' }) }))).toEqual([]);
    expect(show(updateOf({ progress: progressOf({ phase: 'canary' }) }))).toEqual(['(canary of 4.1.1)']);
    const probation = updateOf({ progress: progressOf({ phase: 'probation', until }) });
    expect(show(probation)).toEqual(['(4.1.1 on probation, 8 min left)']);
    expect(show(probation, NOW + MINUTE)).toEqual([]);
    expect(show(updateOf({ memory: memoryOf({ last: COMMITTED }) }))).toEqual([
      '(update 4.0.7 → 4.1.1 committed 3 min ago)',
    ]);
  });
});

describe('the news of an update', () => {
  const told = (news: UnstampedEvent): string | null => {
    const event: WatchdogEvent = { at: NOW, ...news };
    return eventLine(event)?.text ?? null;
  };
  const server = 'context7';

  it('are that there is one, each phase, and the end', () => {
    expect(told({ kind: 'update-checked', server, outlook: outlookOf() })).toBe(
      'context7: could be updated to 4.1.1',
    );
    expect(told({ kind: 'update-moved', server, progress: progressOf({ phase: 'probation', until }) })).toBe(
      'context7: 4.1.1 on probation',
    );
    const memory = memoryOf({ last: ROLLED_BACK });
    expect(told({ kind: 'update-settled', server, memory, isNews: true })).toContain('rolled back 3 min ago');
  });

  it('are not that there is none, nor what is only remembered', () => {
    expect(told({ kind: 'update-checked', server, outlook: outlookOf({ candidate: null }) })).toBeNull();
    const memory = memoryOf({ last: ROLLED_BACK });
    expect(told({ kind: 'update-settled', server, memory, isNews: false })).toBeNull();
  });
});
