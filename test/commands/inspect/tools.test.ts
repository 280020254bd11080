// Command `tools`: the tools of a server, with their arguments.
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { OfferedTool } from '../../../src/core/tools/tool-diff.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo, type FakeIoOptions } from '../../fakes/io.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const TOOLS: readonly OfferedTool[] = [
  {
    name: 'search',
    description: '\nFinds notes.\nSecond line',
    inputSchema: { type: 'object', properties: { query: {}, limit: {} }, required: ['query'] },
    access: { deniedBy: null, isRepeated: false },
  },
  { name: 'ping\u0007', inputSchema: {}, access: null },
];

async function tools(
  argv: readonly string[],
  offered: readonly OfferedTool[],
  terminal?: FakeIoOptions['terminal'],
) {
  const paths = missingHome();
  const daemon = fakeDaemon();
  daemon.tools = offered;
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const io = fakeIo({
    ...(terminal === undefined ? {} : { terminal }),
    env: { MCP_WATCHDOG_HOME: paths.home },
  });
  const code = await runCli(['tools', ...argv], io);
  return { code, out: io.stdout(), err: io.stderr(), asked: daemon.asked };
}

it('lists tools with their arguments and the first line of what they do', async () => {
  const { code, out, asked } = await tools(['context7'], TOOLS);
  expect(code).toBe(0);
  expect(asked).toEqual(['tools context7']);
  expect(out.trimEnd().split('\n')).toEqual([
    'TOOL      DESCRIPTION   ARGUMENTS',
    'search    Finds notes.  query, limit?',
    String.raw`ping\x07`,
    '',
    '2 tools; --json shows their schemas',
  ]);
});

it('cuts a name of 10,000 characters on a terminal, and never in a pipe, where it moves no other row', async () => {
  const long = 'x'.repeat(10_000);
  const offered = [...TOOLS, { name: long, description: 'Long.', inputSchema: {}, access: null }];
  const piped = await tools(['context7'], offered);
  expect(piped.out).toContain(long);
  expect(piped.out.split('\n').filter((line) => line.length > 200)).toHaveLength(1);
  const shown = await tools(['context7', '--no-color'], offered, { columns: 100, rows: 24 });
  const lines = shown.out.trimEnd().split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines).toContainEqual(expect.stringMatching(/^x{20,64}… +Long\./u));
});

it('says what the server says of its tools, and which of them clients are kept from', async () => {
  const access = { deniedBy: null, isRepeated: true } as const;
  const { out } = await tools(
    ['context7'],
    [
      {
        name: 'read',
        inputSchema: {},
        hints: { readOnly: true, destructive: false, openWorld: false },
        access,
      },
      {
        name: 'write',
        inputSchema: {},
        hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
        access: { deniedBy: 'tools.deny', isRepeated: false },
      },
      { name: 'other', inputSchema: {}, access },
    ],
  );
  expect(out.trimEnd().split('\n')).toEqual([
    'TOOL   HINTS                                            GATEWAY',
    'read   read-only, closed world',
    'write  writes, destructive, not idempotent, open world  denied by tools.deny',
    'other',
    '',
    '3 tools; --json shows their schemas',
    'Hints are what the server says of its tools: it may be wrong',
  ]);
});

it('says when there is none', async () => {
  expect((await tools(['context7'], [])).out).toBe('context7 offers no tools\n');
});

it('gives the schemas as JSON', async () => {
  const { out } = await tools(['context7', '--json'], TOOLS);
  expect(JSON.parse(out).data).toEqual({ server: 'context7', tools: TOOLS });
});

it('suggests the nearest name', async () => {
  const { code, err, asked } = await tools(['contxt7'], TOOLS);
  expect(code).toBe(1);
  expect(err).toContain('Did you mean context7?');
  expect(asked).toEqual([]);
});
