// Real servers that are orphaned as they are in the field, and everything that only looks like it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { programOf } from '../../src/core/orphans/server-program.ts';
import { daemonMark, RUN_MARKER } from '../../src/core/lifecycle/run-marker.ts';
import { reapOrphans } from '../../src/orphans/reap-orphans.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { identifyProcess } from '../../src/system/process/process-identity.ts';
import { isListening } from '../../src/system/net/port-owner.ts';
import { readProcess, readProcessTable } from '../../src/system/process/process-table.ts';
import { freePort } from '../e2e/daemon.ts';
import { isRunning } from '../fakes/processes.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import {
  CONTEXT7,
  findAmong,
  findOne,
  FIXTURE,
  freeze,
  kill,
  serverBelow,
  startAs,
  startClient,
} from './orphanage.ts';

const isLinux = process.platform === 'linux';
const hasPython = requireProgram('python3');
const NODE = process.execPath;
/** Not a shell script in front of it, which would lose the name it is started under. */
const [PYTHON = '', PYTHONHOME = ''] = hasPython
  ? execFileSync('python3', ['-c', 'import sys; print(sys.executable); print(sys.prefix)'], {
      encoding: 'utf8',
    }).split('\n')
  : [];
/** What the config of a user would make of the fixture. */
const configured = [{ server: 'fixture', program: programOf([NODE, FIXTURE])! }];

describe.runIf(isLinux)('a server that was started through npx', () => {
  const throughDash = requireProgram('npx') && requireProgram('dash');

  async function killNpx(signal: NodeJS.Signals) {
    const port = await freePort();
    const args = ['--transport', 'http', '--port', String(port)];
    // The client leads the session, as a shell does; npx leads a group in it, as a job of that shell.
    const client = await startClient(['npx', 'context7-mcp', ...args], {
      stdin: 'ignore',
      env: { npm_config_script_shell: 'dash' },
    });
    const server = await serverBelow(client.pid);
    await waitFor(() => isListening(port), { timeout: 20_000, what: 'context7 to listen' });
    expect(await findAmong([server, client.child])).toEqual([]);
    kill(client.child, signal);
    // The first thread of npx is dead before the others have handed its children on.
    await waitFor(async () => (await childrenOf(client.child)).length === 0);
    return { client, server, port };
  }

  test.skipIf(!throughDash)('is left over when npx is terminated, and ends with its port free', async () => {
    const { server, port } = await killNpx('SIGTERM');
    const found = await findOne(server);
    expect(found).toMatchObject({ pid: server, isCertain: true, name: 'context7-mcp', server: null });
    expect(found!.because.join()).toContain('npx');
    expect(found!.command).toContain('context7-mcp --transport http --port');
    expect(found!.residentBytes).toBeGreaterThan(10 * 1024 ** 2);
    expect(await reapOrphans([found!], systemClock)).toMatchObject([{ outcome: 'ended' }]);
    expect(isRunning(server)).toBe(false);
    expect(await isListening(port)).toBe(false);
  });

  test.skipIf(!throughDash)(
    'is left over with the shell in front of it when npx is killed: one entry',
    async () => {
      const { server } = await killNpx('SIGKILL');
      const found = await findAmong([server]);
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ isCertain: true, name: 'context7-mcp' });
      expect(found[0]!.members).toHaveLength(2);
      await reapOrphans(found, systemClock);
      for (const { pid } of found[0]!.members) expect(isRunning(pid)).toBe(false);
    },
  );

  test.skipIf(!throughDash)('is left alone while a client is connected to it', async () => {
    const { server, port } = await killNpx('SIGTERM');
    const socket = connect({ port, host: '127.0.0.1' });
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    expect(await findOne(server)).toMatchObject({ isCertain: false });
    socket.destroy();
    await waitFor(async () => (await findOne(server))?.isCertain === true, { what: 'the client to be gone' });
  });
});

describe.runIf(isLinux)('a stdio server whose client died', () => {
  test('is an orphan once nobody holds its input: context7, hanging', async () => {
    const client = await startClient([NODE, CONTEXT7]);
    await freeze(client.child);
    expect(await findOne(client.child)).toBeUndefined();
    await client.die();
    const found = await findOne(client.child);
    expect(found).toMatchObject({ isCertain: true, members: [{ pid: client.child }] });
    expect(found!.because).toContain('nobody holds the other end of its standard input');
    expect(await reapOrphans([found!], systemClock)).toMatchObject([{ outcome: 'ended' }]);
  });

  test.skipIf(!hasPython)('is one, too, when the client spoke through a pipe', async () => {
    const client = await startAs([
      'python3',
      '-c',
      `import subprocess, sys, time
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
print(p.pid, flush=True)
time.sleep(600)`,
      NODE,
      FIXTURE,
      '--behaviour',
      'ignore-eof',
    ]);
    await client.die();
    expect(await findOne(client.child, { configured })).toMatchObject({
      isCertain: true,
      server: 'fixture',
    });
  });

  test('is not certain while somebody else holds its pipe', async () => {
    const client = await startAs([
      '/bin/sh',
      '-c',
      `sleep 600 | "$@" >/dev/null & echo $!; wait`,
      'sh',
      NODE,
      CONTEXT7,
    ]);
    await waitFor(() => readFileSync(`/proc/${client.child}/cmdline`, 'utf8').startsWith(NODE));
    await client.die();
    const found = await findOne(client.child);
    expect(found).toMatchObject({ isCertain: false });
    expect(found!.because).toContain('somebody holds its standard input');
    expect(await reapOrphans([found!], systemClock)).toEqual([]);
    expect(isRunning(client.child)).toBe(true);
  });

  test('is not certain while it waits for connections on a socket file', async () => {
    const socket = join(mkdtempSync(join(tmpdir(), 'socket-')), 's');
    onTestFinished(() => rmSync(join(socket, '..'), { recursive: true }));
    const listen = `data:text/javascript,import net from 'node:net'; net.createServer().listen(${JSON.stringify(socket)})`;
    const client = await startClient([NODE, '--import', listen, FIXTURE, '--behaviour', 'ignore-eof']);
    await waitFor(() => existsSync(socket));
    await client.die();
    expect(await findOne(client.child, { configured })).toMatchObject({ isCertain: false });
  });

  test('is killed when it does not end', async () => {
    const client = await startClient([NODE, FIXTURE, '--behaviour', 'ignore-eof,ignore-term']);
    await settled(client.child);
    await client.die();
    const found = await findOne(client.child, { configured });
    expect(await reapOrphans([found!], systemClock)).toMatchObject([{ outcome: 'killed' }]);
    expect(isRunning(client.child)).toBe(false);
  });

  test('takes along what it started, and nobody else of its group', async () => {
    const client = await startAs([
      '/bin/sh',
      '-c',
      `sleep 600 & exec "$@"`,
      'sh',
      NODE,
      '-e',
      `const { spawn } = require('node:child_process');
       const child = spawn(process.execPath, [${JSON.stringify(FIXTURE)}, '--behaviour', 'ignore-eof,grandchild,escapee'], { stdio: ['pipe', 'ignore', 'ignore'] });
       console.log(child.pid); setInterval(() => {}, 1000);`,
    ]);
    await waitFor(async () => (await childrenOf(client.child)).length === 2);
    const below = await childrenOf(client.child);
    onTestFinished(() => below.forEach((pid) => kill(pid)));
    await client.die();
    const bystander = (await childrenOfGroup(client.pid)).find(
      (pid) => pid !== client.child && !below.includes(pid),
    );
    const found = await findOne(client.child, { configured });
    expect(found).toMatchObject({ isCertain: true, ownsGroup: false });
    expect(new Set(found!.members.map(({ pid }) => pid))).toEqual(new Set([client.child, ...below]));
    await reapOrphans([found!], systemClock);
    for (const pid of [client.child, ...below]) expect(isRunning(pid)).toBe(false);
    expect(isRunning(bystander!)).toBe(true);
  });
});

describe.runIf(isLinux && hasPython)('under a subreaper', () => {
  /** Takes in the orphans of all that is below it; starts a client, which starts the server. */
  const SUBREAPER = `
import ctypes, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
args = [a for a in sys.argv[1:] if a != '--user']
p = subprocess.Popen(args, stdout=subprocess.PIPE, start_new_session=True)
print(p.stdout.readline().decode().strip(), flush=True)
print(p.pid, flush=True)
while True:
    time.sleep(60)
`;
  const CLIENT = `const child = require('node:child_process').spawn(process.execPath, process.argv.slice(1), { stdio: ['pipe', 'ignore', 'ignore'] }); console.log(child.pid); setInterval(() => {}, 1000);`;

  async function orphanedBelow(argv0?: string) {
    const reaper = await startAs(
      [PYTHON, '-c', SUBREAPER, NODE, '-e', CLIENT, CONTEXT7, ...(argv0 === undefined ? [] : ['--user'])],
      { PYTHONHOME },
      argv0,
    );
    onTestFinished(() => kill(reaper.child));
    await freeze(reaper.child);
    const client = readProcess(reaper.child)!.ppid;
    expect(client).not.toBe(reaper.pid);
    expect(await findOne(reaper.child)).toBeUndefined();
    kill(client);
    await waitFor(() => readProcess(reaper.child)?.ppid === reaper.pid, {
      what: 'the subreaper to take it in',
    });
    return reaper.child;
  }

  test('that nobody knows, an orphan is told by its session and its input', async () => {
    const found = await findOne(await orphanedBelow());
    expect(found).toMatchObject({ isCertain: true });
    expect(found!.because[0]).toContain('another process has taken it in');
  });

  test('that is the service manager of the user, it is as if it were pid 1', async () => {
    const found = await findOne(await orphanedBelow('/usr/lib/systemd/systemd'));
    expect(found).toMatchObject({ isCertain: true });
    expect(found!.because[0]).toBe('its parent is gone');
  });
});

describe.runIf(isLinux)('what is left alone', () => {
  test('a server whose parent lives', async () => {
    const client = await startClient([NODE, CONTEXT7]);
    expect(await findOne(client.child)).toBeUndefined();
  });

  test.skipIf(!requireProgram('tmux'))(
    'a server in a terminal multiplexer, which is itself a child of nobody',
    async () => {
      const socket = `orphans-${process.pid}`;
      const tmux = (...args: string[]) => spawn('tmux', ['-L', socket, ...args], { stdio: 'ignore' });
      onTestFinished(() => void tmux('kill-server'));
      const port = String(await freePort());
      tmux('-f', '/dev/null', 'new-session', '-d', NODE, CONTEXT7, '--transport', 'http', '--port', port);
      const pid = await waitFor(() => {
        try {
          return Number(
            execFileSync('tmux', ['-L', socket, 'list-panes', '-F', '#{pane_pid}'], {
              encoding: 'utf8',
              stdio: ['ignore', 'pipe', 'ignore'],
            }),
          );
        } catch {
          return 0;
        }
      });
      await waitFor(() => isListening(Number(port)), { timeout: 20_000 });
      expect(await findOne(pid)).toBeUndefined();
    },
  );

  test('a server that somebody detached on purpose is shown as uncertain, and never ended', async () => {
    const port = String(await freePort());
    const shell = await startAs([
      '/bin/sh',
      '-c',
      `setsid "$@" </dev/null >/dev/null 2>&1 & echo $!; sleep 600`,
      'sh',
      NODE,
      CONTEXT7,
      '--transport',
      'http',
      '--port',
      port,
    ]);
    onTestFinished(() => kill(shell.child));
    await waitFor(() => isListening(Number(port)), { timeout: 20_000 });
    await shell.die();
    const found = await findOne(shell.child);
    expect(found).toMatchObject({ isCertain: false });
    expect(found!.because.join()).toContain('HTTP');
    expect(await reapOrphans([found!], systemClock)).toEqual([]);
    expect(isRunning(shell.child)).toBe(true);
  });

  test.each(['vim', 'grep', 'tail'])(
    'a %s that only has the name of a server among its arguments',
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), 'decoy-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      symlinkSync(NODE, join(folder, name));
      // It runs on node, but says of itself what the decoy would say.
      const client = await startClient([
        join(folder, name),
        '-e',
        'setInterval(() => {}, 1000)',
        'context7-mcp',
        'mcp-server.md',
      ]);
      await client.die();
      expect(await findOne(client.child)).toBeUndefined();
    },
  );

  test('a server that is younger than agreed', async () => {
    const client = await startClient([NODE, FIXTURE, '--behaviour', 'ignore-eof']);
    await client.die();
    expect(await findOne(client.child, { configured, minimumAge: 600_000 })).toBeUndefined();
    expect(await findOne(client.child, { configured })).toMatchObject({ isCertain: true });
  });
});

describe.runIf(isLinux)('a server that bears the mark of a watchdog', () => {
  async function marked(daemon: { pid: number; startToken: string }) {
    const marker = `${daemonMark(daemon, 'x')}/fixture/1`;
    const client = await startClient([NODE, FIXTURE, '--transport', 'http'], {
      stdin: 'ignore',
      env: { [RUN_MARKER]: marker },
    });
    await settled(client.child);
    await client.die();
    return client.child;
  }

  test('is certain when that is dead', async () => {
    const gone = await startClient([NODE, FIXTURE]);
    const { startToken } = identifyProcess(gone.pid)!;
    await gone.die();
    const pid = await marked({ pid: gone.pid, startToken });
    await waitFor(() => identifyProcess(gone.pid) === null);
    const found = await findOne(pid, { configured });
    expect(found).toMatchObject({ isCertain: true });
    expect(found!.because.join()).toContain('watchdog that is no longer alive');
  });

  test('is none of our business while that lives', async () => {
    const pid = await marked(identifyProcess(process.pid)!);
    expect(await findOne(pid, { configured })).toBeUndefined();
  });

  test('is known by what was written down where no environment can be read', async () => {
    const client = await startClient([NODE, FIXTURE, '--behaviour', 'ignore-eof']);
    await client.die();
    const { startToken } = readProcess(client.child)!;
    const marker = `${daemonMark(identifyProcess(process.pid)!, 'x')}/fixture/1`;
    const registered = [{ pid: client.child, startToken, marker, strays: [] }];
    expect(await findOne(client.child, { configured, registered })).toBeUndefined();
    const other = [{ pid: client.child, startToken: 'another', marker, strays: [] }];
    expect(await findOne(client.child, { configured, registered: other })).toMatchObject({ isCertain: true });
  });
});

test.runIf(isLinux)('hides the secrets of a command line', async () => {
  const client = await startClient([NODE, FIXTURE, '--behaviour', 'ignore-eof', '--api-key', 'abcd1234']);
  await client.die();
  const found = await findOne(client.child, { configured });
  expect(JSON.stringify(found)).not.toContain('abcd1234');
});

/** It has installed its handlers; Node itself has one for SIGTERM from the beginning, but none for SIGHUP. */
async function settled(pid: number): Promise<void> {
  await waitFor(() => {
    const caught = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return (BigInt(`0x${caught}`) & 1n) === 1n;
  });
}

async function childrenOf(parent: number): Promise<number[]> {
  return (await readProcessTable())
    .filter(({ ppid, state }) => ppid === parent && state === 'alive')
    .map(({ pid }) => pid);
}

async function childrenOfGroup(group: number): Promise<number[]> {
  return (await readProcessTable())
    .filter(({ pgid, state }) => pgid === group && state === 'alive')
    .map(({ pid }) => pid);
}
