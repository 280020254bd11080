import type { TreeUsage } from '../../../src/core/model/observations.ts';
import { describe, expect, it } from 'vitest';
import { UNLIMITED_ENDS } from '../../../src/core/model/server-spec.ts';
import { serverDetail } from '../../../src/commands/inspect/server-detail.ts';
import { MINUTE, NOW, serverStatus } from '../../fakes/status.ts';

function never(): never {
  throw new Error('a server that runs is measured');
}

const view = { width: 100, colour: false, now: NOW };

describe('serverDetail()', () => {
  it('tells everything about a healthy server', () => {
    expect(serverDetail(serverStatus(), view)).toEqual([
      'context7',
      'state           running for 1 h',
      'health          up',
      'version         @upstash/context7-mcp 4.1.1, speaks MCP 2025-11-25',
      'url             http://127.0.0.1:9640/mcp',
      'pid             4242',
      'uptime          1h 30m',
      'cpu             3.4 % of a core, limit 80 %',
      'memory          117 MiB, limit 1 GiB, restarts above 2 GiB',
      'processes       2, 11 threads, 30 open files',
      'tools           2',
      'last probe      3.4 ms, 4 s ago',
      'restarts        0',
      'budget          5 more before it counts as crash looping',
    ]);
  });

  it('counts a trouble from when it began, as page and monitor do', () => {
    const health = { ...serverStatus().health, suspect: true, detail: 'no answer' };
    const lines = serverDetail(
      serverStatus({ since: NOW - 60 * MINUTE, verdictSince: NOW - 3 * MINUTE, health }),
      view,
    );
    expect(lines).toContain('state           not answering for 3 min');
  });

  it('says of a probe that it was of the process before', () => {
    const lines = serverDetail(serverStatus({ startedAt: NOW - 2000 }), view);
    expect(lines).toContain('last probe      3.4 ms, 4 s ago, of the process before');
  });

  it('grants no more failures to a server that is crash looping', () => {
    const lines = serverDetail(serverStatus({ state: 'crash_looping', budgetRemaining: 1 }), view);
    expect(lines).toContain('budget          spent: it counts as crash looping');
  });

  it('goes on in the next lines where a cause is longer than the window', () => {
    const detail = 'exited with code 1 before it was ready, because it could not find what it needs to begin';
    const server = serverStatus({ health: { ...serverStatus().health, suspect: true, detail } });
    const lines = serverDetail(server, { ...view, width: 60 });
    const at = lines.findIndex((line) => line.startsWith('last miss'));
    expect(lines.slice(at, at + 3)).toEqual([
      'last miss       exited with code 1 before it was ready,',
      '                because it could not find what it needs to',
      '                begin',
    ]);
    // In a pipe it is one line.
    expect(serverDetail(server, { ...view, width: Infinity })).toContain(`last miss       ${detail}`);
  });

  it('says nothing of restarts where only a url is watched', () => {
    const lines = serverDetail(serverStatus({ state: 'watched', source: 'url', pid: null }), view);
    expect(lines.filter((line) => /^(?:restarts|budget) /u.test(line))).toEqual([]);
  });

  it('names no number of failures where the config sets no budget', () => {
    const lines = serverDetail(serverStatus({ budgetRemaining: UNLIMITED_ENDS }), view);
    expect(lines).toContain('budget          none: it is restarted for ever');
  });

  it('ends with the last words of a server that is not running, made safe', () => {
    const crashed = serverStatus({
      state: 'crash_looping',
      pid: null,
      startedAt: null,
      usage: null,
      lastExit: { at: NOW - MINUTE, code: 1, signal: null },
      lastFailure: {
        at: NOW - MINUTE,
        code: 'EXITED_BEFORE_READY',
        message: 'Cannot start it',
        hint: 'Look below',
        retry: 'backoff',
      },
      lastLines: ['Error: no key', '\u001B]0;owned\u0007oops'],
    });
    const lines = serverDetail(crashed, view);
    expect(lines).toContain('last exit       1 min ago: exited with code 1');
    expect(lines).toContain('last failure    1 min ago: Cannot start it');
    expect(lines).toContain('hint            Look below');
    expect(lines.slice(-3)).toEqual(['Last output:', '  Error: no key', '  oops']);
  });

  it('says how nice a server is, what macOS charges it for, and why it had to be started again', () => {
    const usage = {
      ...(serverStatus().usage ?? never()),
      footprintBytes: 5 * 1024 ** 2,
      threads: null,
      openFds: null,
    };
    const limits = { ...serverStatus().limits, memory: { soft: null, hard: 1024 ** 3 }, nice: 5 };
    const lastExit = { at: NOW - MINUTE, code: 1, signal: null };
    const lines = serverDetail(serverStatus({ usage, limits, lastExit, lastLines: ['no key'] }), view);
    expect(lines).toContain('memory          5 MiB (117 MiB resident), restarts above 1 GiB');
    expect(lines).toContain('processes       2');
    expect(lines).toContain('nice            5');
    expect(lines.slice(-2)).toEqual(['Last output before its last exit:', '  no key']);
    const old = serverStatus({ lastExit: { ...lastExit, at: NOW - 61 * MINUTE }, lastLines: ['no key'] });
    expect(serverDetail(old, view)).not.toContain('  no key');
  });

  it('shows proportional memory, and says for which processes it is not known', () => {
    const known: TreeUsage = {
      ...(serverStatus().usage ?? never()),
      processes: 12,
      proportionalBytes: 48 * 1024 ** 2,
    };
    const memoryLines = (usage: TreeUsage) =>
      serverDetail(serverStatus({ usage }), { ...view, width: 200 }).filter((line) =>
        line.startsWith('memory'),
      );
    expect(memoryLines(known)).toEqual([
      'memory          48 MiB (117 MiB resident), limit 1 GiB, restarts above 2 GiB',
    ]);
    expect(memoryLines({ ...known, unreadableProcesses: 2 })[1]).toBe(
      'memory note     2 of 12 processes count with all that they share: their memory map cannot be read by this user',
    );
    expect(memoryLines({ ...known, proportionalBytes: null, unreadableProcesses: 12 })).toEqual([
      'memory          117 MiB, limit 1 GiB, restarts above 2 GiB',
      'memory note     all processes count with all that they share: their memory map cannot be read by this user',
    ]);
  });

  it('cuts lines at the width of the terminal', () => {
    for (const line of serverDetail(serverStatus(), { ...view, width: 30 }))
      expect(line.length).toBeLessThanOrEqual(30);
  });
});
