// The shim with and without a daemon, with real servers behind it and real clients in front of it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startShim, type Shim } from '../fakes/shim.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, fixture, leftOver, startDaemon, type Settings } from './daemon.ts';

// Daemons, servers and clients are processes of their own.
vi.setConfig({ testTimeout: 180_000 });

/** As many as the suite has time for; `npm run chaos -- shims` has a hundred. */
const SHIMS = 6;

function writeConfig(servers: Readonly<Record<string, Settings>>, more: object = {}): string {
  const { home } = tempHome();
  const config = { metrics: { listen: '127.0.0.1:0' }, gateway: { listen: '127.0.0.1:0' }, servers, ...more };
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  return home;
}

/** Names of the tools that a shim lists. */
async function tools(shim: Shim, id: number): Promise<unknown> {
  shim.send({ jsonrpc: '2.0', id, method: 'tools/list' });
  return (await shim.answer(id)).result?.['tools'];
}

function pidsOfServers(home: string): number[] {
  const folder = join(home, 'run', 'connect', 'files');
  const text = readFileSync(join(folder, 'processes.json'), 'utf8');
  return JSON.parse(text).processes.map(({ pid }: { pid: number }) => pid);
}

describe('connect without a daemon', () => {
  it('runs the server itself under its tool policy, says so, and leaves nothing behind', async () => {
    const home = writeConfig({ files: fixture(['--tools', '3'], { gateway: { tools: { deny: ['*1'] } } }) });
    const shim = startShim(home);
    await shim.greet();
    expect(shim.stderr()).toContain(`no watchdog runs in ${home}: files runs here`);
    expect(await tools(shim, 1)).toHaveLength(2);
    shim.child.stdin.end();
    expect(await shim.exit).toBe(0);
    await waitFor(() => leftOver(home).then((left) => left.length === 0));
  });

  it('shares one server between two shims; the second goes on by itself when the first ends', async () => {
    const home = writeConfig({ files: fixture() });
    const first = startShim(home);
    await first.greet();
    const second = startShim(home);
    await second.greet();
    expect(second.stderr()).toBe('');
    expect(pidsOfServers(home)).toHaveLength(1);
    first.child.stdin.end();
    expect(await first.exit).toBe(0);
    expect(await tools(second, 1)).toBeInstanceOf(Array);
    expect(second.stderr()).toContain('files runs here');
    second.child.kill('SIGTERM');
    expect(await second.exit).toBe(143);
    await waitFor(() => leftOver(home).then((left) => left.length === 0));
  });

  it('of shims that start at once one runs the server for all, and another one when that is killed', async () => {
    const home = writeConfig({ files: fixture() });
    const shims = Array.from({ length: SHIMS }, () => startShim(home));
    const leaders = (): Shim[] => shims.filter((shim) => shim.stderr().includes('files runs here'));
    const isAlive = ({ child }: Shim): boolean => child.exitCode === null && child.signalCode === null;
    await Promise.all(shims.map((shim) => shim.greet()));
    expect(leaders()).toHaveLength(1);
    expect(pidsOfServers(home)).toHaveLength(1);
    leaders()[0]?.child.kill('SIGKILL');
    await waitFor(() => shims.filter(isAlive).length === SHIMS - 1);
    const others = shims.filter(isAlive);
    for (const listed of await Promise.all(others.map((shim) => tools(shim, 1))))
      expect(listed).toBeInstanceOf(Array);
    expect(leaders()).toHaveLength(2);
    expect(pidsOfServers(home)).toHaveLength(1);
    for (const { child } of others) child.stdin.end();
    expect(new Set(await Promise.all(others.map(({ exit }) => exit)))).toEqual(new Set([0]));
    await waitFor(() => leftOver(home).then((left) => left.length === 0));
  });

  it('gives the server to a daemon that starts, and to nobody else', async () => {
    const servers = { files: fixture() };
    const home = writeConfig(servers);
    const shim = startShim(home);
    await shim.greet();
    await tools(shim, 1);
    const [own] = pidsOfServers(home);
    const daemon = await startDaemon(servers, { home });
    const { pid } = await daemon.up('files');
    expect(pid).not.toBe(own);
    expect(await tools(shim, 2)).toBeInstanceOf(Array);
    expect(readdirSync(join(home, 'run', 'connect', 'files'))).not.toContain('control.sock');
    expect(shim.child.exitCode).toBeNull();
  });

  it('says in one line what is wrong, with the exit code of each', async () => {
    const home = writeConfig({ files: fixture(), away: fixture([], { gateway: { mode: 'off' } }) });
    const unknown = startShim(home, 'fils');
    expect(await unknown.exit).toBe(2);
    expect(unknown.stderr()).toContain('Did you mean files?');
    const outside = startShim(home, '../../elsewhere');
    expect(await outside.exit).toBe(2);
    expect(outside.stderr()).toContain('has no such name');
    expect(existsSync(join(home, 'elsewhere'))).toBe(false);
    expect(await startShim(home, 'away').exit).toBe(2);
    writeFileSync(join(home, 'config.yaml'), 'servers: {files: {comand: [x]}}');
    const invalid = startShim(home);
    expect(await invalid.exit).toBe(1);
    expect(invalid.stderr()).toContain('comand');
  });

  it('leaves no server behind when it is killed', async () => {
    const home = writeConfig({ files: fixture() });
    const shim = startShim(home);
    await shim.greet();
    shim.child.kill('SIGKILL');
    await shim.exit;
    await waitFor(() => leftOver(home).then((left) => left.length === 0));
  });
});

describe('connect with a daemon', () => {
  it('serves SDK clients of both eras, and lives through kill -9 of the daemon', async () => {
    const servers = { files: fixture(['--tools', '2']) };
    const { home } = tempHome();
    const daemon = await startDaemon(servers, { home });
    await daemon.up('files');
    const command = { command: process.execPath, args: [CLI, '--home', home, 'connect', 'files'] };
    const legacy = new Client({ name: 'legacy', version: '1' });
    await legacy.connect(new StdioClientTransport(command));
    onTestFinished(() => legacy.close());
    const modern = new ModernClient(
      { name: 'modern', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await modern.connect(new ModernTransport(command));
    onTestFinished(() => modern.close());
    for (const client of [legacy, modern]) expect((await client.listTools()).tools).toHaveLength(2);

    daemon.child.kill('SIGKILL');
    await waitFor(() => daemon.child.signalCode !== null);
    const asked = [legacy.listTools(), modern.listTools()];
    await startDaemon(servers, { home });
    for (const answer of asked) expect((await answer).tools).toHaveLength(2);
  });
});
