import { describe, expect, it } from 'vitest';
import { problemsOf, read } from '../temporary.ts';

const baseOf = (runbookBase: unknown) =>
  read(JSON.stringify({ servers: { a: { package: 'a' } }, alerts: { runbookBase } })).config.alerts
    .runbookBase;

describe('alerts.runbookBase', () => {
  it.each([
    ['https://wiki.example.com/mcp', 'https://wiki.example.com/mcp/'],
    ['https://wiki.example.com/mcp/', 'https://wiki.example.com/mcp/'],
    ['http://wiki.example.com/?page=', 'http://wiki.example.com/?page='],
    ['https://wiki.example.com/all#', 'https://wiki.example.com/all#'],
    [null, null],
  ])('%j begins links with %j', (written, base) => expect(baseOf(written)).toBe(base));

  it.each(['wiki/mcp', 'javascript:alert(1)', 'https://a b/', 'https://a/{{ $labels.server }}/', ''])(
    'refuses %j',
    (runbookBase) => {
      const problems = problemsOf(
        JSON.stringify({ servers: { a: { package: 'a' } }, alerts: { runbookBase } }),
      );
      expect(String(problems)).toContain('alerts.runbookBase: must be a url with http or https');
    },
  );
});
