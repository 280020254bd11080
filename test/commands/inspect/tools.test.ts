// Command `tools`: the tools of a server, with their arguments.
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { Tool } from '../../../src/core/tools/tool-diff.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const TOOLS: readonly Tool[] = [
  {
    name: 'search',
    description: '\nFinds notes.\nSecond line',
    inputSchema: { type: 'object', properties: { query: {}, limit: {} }, required: ['query'] },
  },
  { name: 'ping\u0007', inputSchema: {} },
];

async function tools(argv: readonly string[], offered: readonly Tool[]) {
  const paths = missingHome();
  const daemon = fakeDaemon();
  daemon.tools = offered;
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
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
