import { describe, expect, it } from 'vitest';
import { orphanLines, reapedLines } from '../../../src/commands/diagnose/orphan-list.ts';
import type { Orphan } from '../../../src/orphans/find-orphans.ts';
import { NOW } from '../../fakes/status.ts';

const options = { width: 100, colour: false, now: NOW };
const orphan = (change: Partial<Orphan> = {}): Orphan => ({
  pid: 4711,
  startToken: '1',
  pgid: 4700,
  name: 'context7-mcp',
  server: null,
  command: 'node /w/node_modules/.bin/context7-mcp --transport http',
  age: 3 * 3_600_000,
  residentBytes: 96 * 1024 ** 2,
  members: [{ pid: 4711, startToken: '1' }],
  ownsGroup: true,
  isCertain: true,
  because: ['its parent is gone', 'nobody holds the other end of its standard input'],
  ...change,
});

describe('orphanLines()', () => {
  it('says so when there is none', () => {
    expect(orphanLines([], options)).toEqual(['No orphaned MCP servers']);
  });

  it('shows age, memory, pid, command and why', () => {
    const two = orphan({
      pid: 5000,
      server: 'files',
      members: [
        { pid: 1, startToken: '' },
        { pid: 2, startToken: '' },
      ],
    });
    expect(orphanLines([orphan(), two], options)).toEqual([
      'pid 4711  3 h  96 MiB  node /w/node_modules/.bin/context7-mcp --transport http',
      '  its parent is gone; nobody holds the other end of its standard input',
      'pid 5000  3 h  96 MiB  2 processes  node /w/node_modules/.bin/context7-mcp --transport http',
      expect.stringMatching(/^ {2}its parent is gone; .*it matches the configured/u),
      '',
      '2 MCP servers with 192 MiB orphaned: mcp-watchdog orphans --reap ends them',
    ]);
  });

  it('keeps those that are not certain apart', () => {
    const lines = orphanLines([orphan({ isCertain: false })], options);
    expect(lines).toContain('Perhaps running on purpose, never ended by the watchdog:');
    expect(lines.at(-1)).toContain('may be orphaned');
  });
});

describe('reapedLines()', () => {
  it.each([
    ['ended', 'pid 4711  ended'],
    ['killed', 'pid 4711  killed, it did not end when asked'],
    ['gone', 'pid 4711  had exited already'],
    ['alive', 'pid 4711  is still alive'],
  ] as const)('says of each what happened: %s', (outcome, words) => {
    const one = orphan();
    expect(reapedLines([one], [{ orphan: one, outcome }], options)[0]).toContain(words);
  });

  it('says when there was nothing to end', () => {
    expect(reapedLines([], [], options)).toEqual(['No certain orphan to end']);
  });
});
