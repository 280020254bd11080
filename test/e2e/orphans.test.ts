// Orphans against the built command and a daemon, in a PID namespace of their own, because `--reap` ends every certain one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireThat } from '../fakes/require-program.ts';
import { CLI } from './daemon.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONTEXT7 = join(ROOT, 'node_modules/.bin/context7-mcp');
const FIXTURE = join(ROOT, 'test/fixtures/servers/mcp.mjs');

const canIsolate =
  process.platform === 'linux' &&
  requireThat(
    'the right to make a process namespace',
    spawnSync('unshare', ['-p', '-f', '--mount-proc', 'true']).status === 0,
  );

/** Runs as pid 1: orphans two servers, lets the command look and reap, and tells what it saw. */
const STORY = `
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, existsSync } from 'node:fs';
const [cli, home, context7, fixture] = process.argv.slice(2);
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
async function until(what, probe) {
  for (let left = 900; left > 0; left -= 1) { const answer = await probe(); if (answer) return answer; await pause(); }
  const log = home + '/logs/watchdog.log';
  throw new Error('waited in vain for ' + what + (existsSync(log) ? ': ' + readFileSync(log, 'utf8').slice(-3000) : ''));
}
const isAlive = (pid) => { try { return !/\\) [ZX] /.test(readFileSync('/proc/' + pid + '/stat', 'utf8')); } catch { return false; } };
async function orphan(argv, isFrozen) {
  const client = spawn(process.execPath, ['-e', 'const c = require("node:child_process").spawn(process.argv[1], process.argv.slice(2), { stdio: ["pipe", "ignore", "ignore"] }); console.log(c.pid); setInterval(() => {}, 1000);', ...argv], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  client.stdout.on('data', (chunk) => (said += chunk));
  const pid = Number(await until('the pid', () => said.includes('\\n') && said));
  if (isFrozen) process.kill(pid, 'SIGSTOP');
  client.kill('SIGKILL');
  await until('the parent to be gone', () => readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') T 1 ') || readFileSync('/proc/' + pid + '/stat', 'utf8').includes(') S 1 '));
  return pid;
}
function run(...argv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...argv, '--home', home], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  return { code: status, out: stdout, err: stderr };
}
async function commands() {
  const none = run('orphans');
  const frozen = await orphan([process.execPath, context7, '--api-key', 'very-secret-value'], true);
  const deaf = await orphan([process.execPath, fixture, '--behaviour', 'ignore-eof'], false);
  await until('both to be old enough', () => JSON.parse(run('orphans', '--json').out).data.orphans.length === 2);
  const list = run('orphans');
  const json = run('orphans', '--json');
  const before = [frozen, deaf].map(isAlive);
  const reap = run('orphans', '--reap');
  const after = [frozen, deaf].map(isAlive);
  return { pids: [frozen, deaf], none, list, json, before, reap, after, again: run('orphans', '--reap') };
}
async function daemon() {
  const pid = await orphan([process.execPath, context7], true);
  const child = spawn(process.execPath, [cli, 'run', '--home', home], { stdio: 'ignore' });
  const journal = home + '/journal/events.jsonl';
  const line = await until('it to be reaped', () => existsSync(journal) && readFileSync(journal, 'utf8').split('\\n').find((one) => one.includes('orphan-reaped')));
  const status = await until('a status', () => { const { out } = run('status', '--json'); const { ok, data } = JSON.parse(out); return ok && data; });
  const page = await until('the count', async () => { const text = await (await fetch(status.daemon.listen + '/metrics')).text(); return text.includes('mcp_watchdog_orphans_reaped_total 1') && text; });
  const own = status.servers[0].pid;
  const isOwnAlive = isAlive(own);
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  return { pid, line: JSON.parse(line), page, isGone: !isAlive(pid), isOwnAlive };
}
console.log(JSON.stringify(await (process.argv[6] === 'daemon' ? daemon() : commands())));
`;

interface Asking {
  readonly none: Ran;
  readonly list: Ran;
  readonly json: Ran;
  readonly reap: Ran;
  readonly again: Ran;
  readonly pids: readonly number[];
  readonly before: readonly boolean[];
  readonly after: readonly boolean[];
}

interface Reaping {
  readonly pid: number;
  readonly line: object;
  readonly page: string;
  readonly isGone: boolean;
  readonly isOwnAlive: boolean;
}

interface Ran {
  readonly code: number;
  readonly out: string;
}

function tell(story: 'daemon'): Reaping;
function tell(story: 'commands'): Asking;
function tell(story: 'commands' | 'daemon'): Asking | Reaping {
  const home = mkdtempSync(join(tmpdir(), 'mcpw-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const config = {
    metrics: { listen: '127.0.0.1:0' },
    gateway: { listen: '127.0.0.1:0' },
    orphans: { reap: story === 'daemon', interval: '1s', minimumAge: '500ms' },
    servers: { fixture: { command: [process.execPath, FIXTURE, '--behaviour', 'ignore-eof'] } },
  };
  writeFileSync(join(home, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  writeFileSync(join(home, 'story.mjs'), STORY);
  const argv = [
    '-p',
    '-f',
    '--mount-proc',
    '--kill-child',
    process.execPath,
    join(home, 'story.mjs'),
    CLI,
    home,
    CONTEXT7,
    FIXTURE,
    story,
  ];
  const { status, stdout, stderr } = spawnSync('unshare', argv, {
    encoding: 'utf8',
    timeout: 110_000,
    env: { ...process.env, OTEL_SDK_DISABLED: 'true' },
  });
  if (status !== 0) throw new Error(`The story ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

describe.skipIf(!canIsolate)('orphans', { timeout: 120_000 }, () => {
  test('are listed with their proofs, and ended by --reap', () => {
    const { none, list, json, reap, before, after, again, pids } = tell('commands');
    expect(none).toMatchObject({ code: 0, out: 'No orphaned MCP servers\n' });
    expect(list.code).toBe(1);
    for (const pid of pids) expect(list.out).toContain(`pid ${pid} `);
    expect(list.out).toContain('nobody holds the other end of its standard input');
    expect(list.out + json.out).not.toContain('very-secret-value');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out).data).toMatchObject({
      orphans: [
        { isCertain: true, outcome: null },
        { isCertain: true, server: 'fixture' },
      ],
    });
    expect(before).toEqual([true, true]);
    expect(reap.code).toBe(0);
    expect(reap.out).toMatch(/pid \d+ {2}ended/u);
    expect(after).toEqual([false, false]);
    expect(again).toMatchObject({ code: 0, out: 'No certain orphan to end\n' });
  });

  test('are ended by a daemon that is told to, its own servers are not', () => {
    const { pid, line, page, isGone, isOwnAlive } = tell('daemon');
    expect(line).toMatchObject({ kind: 'orphan-reaped', pid });
    expect(page).toContain('mcp_watchdog_orphan_processes 0');
    expect({ isGone, isOwnAlive }).toEqual({ isGone: true, isOwnAlive: true });
  });
});
