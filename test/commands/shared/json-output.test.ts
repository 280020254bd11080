// JSON output of the command line: one envelope for every command, success or failure, and its published schema.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../../src/cli.ts';
import { COMMANDS } from '../../../src/commands/registry.ts';
import { asksForJson, toJson } from '../../../src/commands/shared/json-output.ts';
import { startControlServer } from '../../../src/control/server.ts';
import { fakeDaemon } from '../../fakes/control-handlers.ts';
import { fakeIo } from '../../fakes/io.ts';
import { serverStatus, status } from '../../fakes/status.ts';
import { missingHome, tempHome } from '../../fakes/temp-home.ts';

const docs = readFileSync(new URL('../../../docs/json-output.md', import.meta.url), 'utf8');
const schema: object = JSON.parse(/```json\n(\{\n {2}"\$schema"[\s\S]*?)```/u.exec(docs)?.[1] ?? '{}');
const isEnvelope = new Ajv({ strict: false }).compile(schema);

async function cli(argv: readonly string[], home = missingHome().home, env: Record<string, string> = {}) {
  const io = fakeIo({ env: { MCP_WATCHDOG_HOME: home, HOME: home, ...env } });
  const code = await runCli(argv, io);
  return { code, out: io.stdout(), err: io.stderr() };
}

function expectEnvelope(out: string): { ok: boolean; data?: unknown; error?: { code: string } } {
  const value = JSON.parse(out);
  expect(isEnvelope(value), JSON.stringify(isEnvelope.errors)).toBe(true);
  return value;
}

async function daemonHome(shown = status()): Promise<string> {
  const paths = missingHome();
  const server = await startControlServer({ socketPath: paths.socket, handlers: fakeDaemon(shown).handlers });
  onTestFinished(() => server.close());
  return paths.home;
}

describe('a failure', () => {
  it.each([
    [['status', '--json'], 5, 'NO_DAEMON'],
    [['status', '--watch', '--json'], 5, 'NO_DAEMON'],
    [['monitor', '--json'], 5, 'NO_DAEMON'],
    [['check', '--json'], 5, 'NO_DAEMON'],
    [['reload', '--json'], 5, 'NO_DAEMON'],
    [['tools', 'a', '--json'], 5, 'NO_DAEMON'],
    [['start', 'a', '--json'], 1, 'NO_DAEMON'],
    [['stop', 'a', '--json'], 1, 'NO_DAEMON'],
    [['restart', 'a', '--json'], 1, 'NO_DAEMON'],
    [['update', '--json'], 1, 'NO_DAEMON'],
    [['rollback', '--json'], 1, 'NO_DAEMON'],
    [['config', 'show', '--json'], 2, 'CONFIG_UNREADABLE'],
    [['config', 'validate', '--json'], 2, 'CONFIG_UNREADABLE'],
    [['add', 'a', '--json'], 2, 'USAGE'],
    [['remove', 'a', '--json'], 2, 'CONFIG_UNREADABLE'],
    [['notify', 'test', '--json'], 2, 'CONFIG_UNREADABLE'],
    [['logs', 'a', '--json'], 1, 'UNKNOWN_SERVER'],
    [['logs', '--json', '--since', 'soon'], 2, 'USAGE'],
    [['backup', 'restore', 'latest', '--json'], 1, 'BACKUP_FAILED'],
    [['cleanup', '--json'], 1, 'HOME_UNUSABLE'],
    [['status', '--jsno', '--json'], 2, 'USAGE'],
    [['statsu', '--json'], 2, 'USAGE'],
    [['completion', 'bash', '--json'], 2, 'USAGE'],
  ])('of %j is one line of JSON on standard output', async (argv, code, error) => {
    const ran = await cli(argv);
    expect(ran).toMatchObject({ code, err: '' });
    expect(ran.out.split('\n')).toHaveLength(2);
    expect(expectEnvelope(ran.out)).toMatchObject({ ok: false, error: { code: error } });
  });

  it('has the message and the hint that people are shown', async () => {
    const home = await daemonHome();
    const told = await cli(['status', 'contxt7'], home);
    const { out } = await cli(['status', 'contxt7', '--json'], home);
    expect(JSON.parse(out).error).toEqual({
      code: 'UNKNOWN_SERVER',
      message: 'Cannot find the server "contxt7": the config has no such name',
      hint: 'Did you mean context7?',
    });
    expect(told.err).toContain('Did you mean context7?');
  });

  it('adds the stack on standard error only when asked', async () => {
    const { out, err } = await cli(['status', '--json'], missingHome().home, { MCP_LOG_LEVEL: 'debug' });
    expectEnvelope(out);
    expect(err).toContain('    at ');
  });
});

describe('a success', () => {
  it.each([
    [['status', '--json'], 1, { servers: [{ name: 'context7', state: 'backoff' }] }],
    [['check', '--json'], 1, { exitCode: 1 }],
    [['reload', '--json'], 0, { added: [] }],
    [['stop', 'context7', '--json'], 0, { servers: [{ name: 'context7', state: 'stopped' }] }],
    [['cleanup', '--json'], 0, { freed: 0 }],
  ])('of %j says that the work was done, whatever was found', async (argv, code, data) => {
    const home = await daemonHome(status([serverStatus({ state: 'backoff', pid: null })]));
    const ran = await cli(argv, home);
    expect(ran).toMatchObject({ code, err: '' });
    expect(expectEnvelope(ran.out)).toMatchObject({ ok: true, data });
  });

  it('of stop without a daemon is that there was nothing to do', async () => {
    const { code, out } = await cli(['stop', '--json']);
    expect(code).toBe(0);
    expect(expectEnvelope(out)).toMatchObject({
      ok: true,
      data: { daemon: { pid: null }, result: 'nothing' },
    });
  });

  it('of backup is the same whether there was something to copy or not', async () => {
    const { home } = tempHome();
    const nothing = await cli(['backup', '--json'], home);
    expect(expectEnvelope(nothing.out)).toMatchObject({
      ok: true,
      data: { result: 'nothing', backup: null },
    });
    await cli(['init'], home);
    expect(expectEnvelope((await cli(['backup', '--json'], home)).out)).toMatchObject({
      data: { result: 'made', backup: { by: 'manual' } },
    });
    expect(expectEnvelope((await cli(['backup', 'list', '--json'], home)).out)).toMatchObject({
      data: { backups: [{ by: 'manual' }] },
    });
  });
});

it('every command takes --json, except the one that prints a script', () => {
  const without = COMMANDS.filter(({ options }) => !options.some(({ flags }) => flags === '--json'));
  expect(without.map(({ name }) => name)).toEqual(['completion']);
});

describe('toJson()', () => {
  it('writes whole milliseconds, and leaves other numbers alone', () => {
    const value = { took: 3.4, nextAttemptAt: 1000.6, sleptMs: 1.5, cpuCores: 0.034, jitter: 0.2, at: null };
    expect(JSON.parse(toJson(value))).toEqual({
      took: 3,
      nextAttemptAt: 1001,
      sleptMs: 2,
      cpuCores: 0.034,
      jitter: 0.2,
      at: null,
    });
  });
});

it('a --json behind -- is an argument', () => {
  expect(asksForJson(['add', 'a', '--', 'x', '--json'])).toBe(false);
  expect(asksForJson(['add', 'a', '--json', '--', 'x'])).toBe(true);
});

it('a table in a pipe is never cut', async () => {
  const note = `waits for ${'a very long reason '.repeat(30)}`.trim();
  const home = await daemonHome(status([serverStatus({ state: 'starting', note })]));
  expect((await cli(['status'], home)).out).toContain(note);
});
