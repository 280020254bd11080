// Commands `calls` and `approve`, and the clients in `status NAME`.
import { expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { startControlServer } from '../../../src/control/server.ts';
import type { NumberedCall, ServerClients } from '../../../src/core/gateway/call-summary.ts';
import type { ShownChange } from '../../../src/core/gateway/tool-definitions.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { NOW } from '../../fakes/status.ts';
import { missingHome } from '../../fakes/temp-home.ts';

const CALL: NumberedCall = {
  number: 7,
  at: NOW,
  server: 'context7',
  client: 'claude-code',
  method: 'tools/call',
  tool: 'query-docs',
  took: 812,
  waited: 0,
  isRetry: false,
  error: '',
};

async function run(
  argv: readonly string[],
  given: {
    readonly calls?: readonly NumberedCall[];
    readonly changes?: readonly ShownChange[];
    readonly clients?: ServerClients;
  } = {},
) {
  const paths = missingHome();
  const daemon = fakeDaemon();
  Object.assign(daemon, given);
  const server = await startControlServer({ socketPath: paths.socket, handlers: daemon.handlers });
  onTestFinished(() => server.close());
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: paths.home } });
  const code = await runCli([...argv], io);
  return { code, out: io.stdout(), err: io.stderr(), asked: daemon.asked };
}

const CALLS: readonly NumberedCall[] = [
  CALL,
  { ...CALL, number: 8, error: 'server_restarted', client: null },
  { ...CALL, number: 9, waited: 420, isRetry: true, tool: 'bad\u0007name' },
];

it('calls: who called what, how long, with what outcome', async () => {
  const { code, out, asked } = await run(['calls', 'context7'], { calls: CALLS });
  expect(code).toBe(0);
  expect(asked).toEqual(['calls context7']);
  const lines = out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^TIME +SERVER +CLIENT +REQUEST +TOOK +OUTCOME$/);
  expect(lines[1]).toMatch(/context7 +claude-code +tools\/call query-docs +812 ms +ok$/);
  expect(lines[2]).toMatch(/the server died, may have run$/);
  expect(lines[3]).toMatch(/bad\\x07name +812 ms +ok, waited 420 ms, sent twice$/);
});

it('calls --json keeps every field; an empty list says what to do', async () => {
  const { out } = await run(['calls', '--json'], { calls: CALLS });
  expect(JSON.parse(out).data).toEqual({ server: null, calls: CALLS });
  expect((await run(['calls'])).out).toContain('mcp-watchdog connect --help');
});

it('calls with a wrong name suggests the nearest', async () => {
  const { code, err } = await run(['calls', 'contxt7']);
  expect(code).toBe(1);
  expect(err).toContain('Did you mean context7?');
});

const CHANGES: readonly ShownChange[] = [
  { tool: 'read', part: 'description', before: '"Reads"', after: '"Reads\u001B[2J, then sends"' },
];

it('approve --dry-run shows both texts, made safe', async () => {
  const { code, out, asked } = await run(['approve', 'context7', '--dry-run'], { changes: CHANGES });
  expect(code).toBe(0);
  expect(asked).toEqual(['approve --dry-run context7']);
  expect(out).toContain('read: description\n  - "Reads"\n  + "Reads');
  expect(out).not.toContain('\u001B[2J');
  expect(out).toContain('Nothing was approved');
});

it('approve --yes approves; without a terminal it wants one of both', async () => {
  const approved = await run(['approve', 'context7', '--yes'], { changes: CHANGES });
  expect(approved.asked).toEqual(['approve --dry-run context7', 'approve context7']);
  expect(approved.out).toContain('Approved.');
  const refused = await run(['approve', 'context7'], { changes: CHANGES });
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('--yes');
  expect(refused.asked).toEqual(['approve --dry-run context7']);
});

it('approve of nothing says so', async () => {
  const { code, out } = await run(['approve', 'context7']);
  expect(code).toBe(0);
  expect(out).toContain('Nothing to approve');
});

it('status NAME shows the spare, and the processes of sessions, with --json too', async () => {
  const beside = [
    { kind: 'spare' as const, pid: 41, startedAt: NOW - 60_000 },
    ...[42, 43].map((pid) => ({ kind: 'instance' as const, pid, startedAt: NOW - 120_000 })),
  ];
  const clients = { load: null, clients: [], tools: [], beside };
  const { out } = await run(['status', 'context7'], { clients });
  expect(out).toMatch(/^spare +pid 41, up /m);
  expect(out).toMatch(/^own processes +2: pid 42, up .+; pid 43, up /m);
  const json = await run(['status', 'context7', '--json'], { clients });
  expect(JSON.parse(json.out).data.servers).toMatchObject([{ name: 'context7', beside }]);
});

it('status NAME shows clients, and calls by tool', async () => {
  const { out } = await run(['status', 'context7'], {
    clients: {
      load: { sessions: 2, streams: 1, inFlight: 1, queued: 0 },
      clients: [{ client: 'claude-code', requests: 4, lastAt: NOW - 60_000 }],
      tools: [{ tool: 'query-docs', calls: 4, errors: 1, p50: 120, p95: 900 }],
      beside: [],
    },
  });
  expect(out).toMatch(/clients +claude-code \(/);
  expect(out).toMatch(/sessions +2, 1 requests under way, 0 waiting/);
  expect(out).toMatch(/query-docs +4 +1 +120 ms +900 ms/);
});
