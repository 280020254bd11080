// Server that is a Python package, from an index of hand-made wheels to its updates, and through kill -9 of the daemon.
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning } from '../fakes/processes.ts';
import { type PythonIndex, type Release, startPythonIndex } from '../fakes/python-index.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, QUICK, type RunningDaemon, type Settings, startDaemon } from './daemon.ts';

const hasTools = requireProgram('uv') && requireProgram('python3');
const NAME = 'some-mcp';

/** A server over stdio of Python's own modules; `extra` runs when it has answered the handshake. */
function serverOf(version: string, tools: readonly string[], extra: string): string {
  return `import json, os, sys, threading

def answer(message):
    method = message["method"]
    if method == "initialize":
        return {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                "serverInfo": {"name": "some", "version": "${version}"}}
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ${JSON.stringify(tools)}]}
    return {} if method == "ping" else None

def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            ${extra}
            continue
        result = answer(message)
        outcome = {"error": {"code": -32601, "message": "unknown"}} if result is None else {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **outcome}), flush=True)
`;
}

const DIES = 'threading.Timer(1.0, lambda: os._exit(3)).start()';

function release(version: string, { tools = ['add', 'now'], extra = 'pass' } = {}): Release {
  return {
    name: NAME,
    version,
    requires: ['dep-a'],
    scripts: { [NAME]: 'some_mcp.server:main' },
    files: { 'some_mcp/server.py': serverOf(version, tools, extra) },
  };
}

let index: PythonIndex;
let python: string;
let uv: string;

beforeAll(async () => {
  if (!hasTools) return;
  const run = (program: string, ...argv: string[]): string =>
    execFileSync(program, argv, { encoding: 'utf8' }).trim();
  python = run('python3', '-c', 'import os, sys; print(os.path.dirname(sys.executable))');
  uv = run('sh', '-c', 'command -v uv');
  index = await startPythonIndex([release('1.0.0'), { name: 'dep-a', version: '1.0' }]);
});
afterAll(() => index?.close());

function environmentOf(home: string, path = ''): Record<string, string> {
  return {
    PATH: `${path}:${python}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    UV_DEFAULT_INDEX: index.url,
    UV_CACHE_DIR: join(home, 'uv-cache'),
    UV_PYTHON_DOWNLOADS: 'never',
    UV_HTTP_RETRIES: '0',
  };
}

function start(home: string, settings: Settings = {}, path = ''): Promise<RunningDaemon> {
  const server = {
    package: `pypi:${NAME}`,
    ...QUICK,
    // A probe that a busy machine misses would be a fault of the version on probation.
    probe: { interval: '500ms', timeout: '5s', failures: 9 },
    update: { probation: '2s', minimumAge: '0s' },
    ...settings,
  };
  return startDaemon({ s: server }, { home, env: environmentOf(home, path) });
}

/** The command as a process of its own; asynchronous, because the index lives in this one. */
function cli(home: string, ...argv: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, ...argv, '--home', home],
      { env: environmentOf(home) },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });
}

const versionsIn = (home: string): string[] => readdirSync(join(home, 'servers', 's', 'versions')).toSorted();

describe.skipIf(!hasTools)('a server that is a Python package', { timeout: 400_000 }, () => {
  test('is installed, updated, tried as a canary, rolled back, and goes back when asked', async () => {
    const { home } = tempHome();
    const daemon = await start(home);
    const first = await daemon.until('s', 'up', ({ health }) => health.up === true, 120_000);
    expect(first).toMatchObject({
      version: '1.0.0',
      handshake: { serverName: 'some', serverVersion: '1.0.0' },
    });
    expect(await daemon.metrics()).toMatch(
      /mcp_watchdog_server_info\{[^}]*package="pypi:some-mcp",version="1\.0\.0"/u,
    );
    expect(readFileSync(`/proc/${first.pid}/cmdline`, 'utf8').split('\0').slice(0, 2)).toEqual(
      ['python', NAME].map((each) => join(home, 'servers/s/versions/1.0.0/venv/bin', each)),
    );

    index.publish(release('1.1.0', { tools: ['add', 'now', 'more'] }));
    const checked = await cli(home, 'update', '--check');
    expect(checked).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^s +pypi:some-mcp +1\.0\.0 +1\.1\.0/mu),
    });
    const updated = await cli(home, 'update', 's', '--wait');
    expect(updated).toMatchObject({
      code: 0,
      out: expect.stringContaining('s: 1.1.0 is kept, it was 1.0.0'),
    });

    index.publish(release('1.2.0', { extra: DIES }));
    const failed = await cli(home, 'update', 's', '--wait');
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining('1.2.0') });
    await daemon.up('s');
    expect((await daemon.server('s')).version).toBe('1.1.0');

    const refused = await cli(home, 'update', 's', '--to', '9.9.9');
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('9.9.9') });
    index.publish({ ...release('1.3.0'), requires: ['nothing-like-it'] });
    const unsolvable = await cli(home, 'update', 's', '--to', '1.3.0', '--wait');
    expect(unsolvable).toMatchObject({ code: 1, out: expect.stringContaining('1.3.0 was not installed') });
    expect((await daemon.server('s')).version).toBe('1.1.0');
    const back = await cli(home, 'rollback', 's');
    expect(back.code).toBe(0);
    await daemon.until('s', 'at 1.0.0', ({ version, health }) => version === '1.0.0' && health.up === true);
  });

  test.each([
    ['venv', '"$1" = venv'],
    ['pip compile', '"$2" = compile'],
    ['pip install', '"$2" = install'],
  ])('leaves nothing half-done when the daemon is killed during uv %s', async (_step, condition) => {
    const { home } = tempHome();
    const folder = join(home, 'hanging');
    const mark = join(folder, 'hangs');
    mkdirSync(folder);
    // It hangs behind what it has done, as the worst moment.
    writeFileSync(
      join(folder, 'uv'),
      `#!/bin/sh\n'${uv}' "$@" || exit\n[ ${condition} ] && { echo $$ > '${mark}.new'; mv '${mark}.new' '${mark}'; exec sleep 600; }\nexit 0\n`,
    );
    chmodSync(join(folder, 'uv'), 0o755);
    const killed = await start(home, {}, folder);
    await waitFor(() => existsSync(mark), { timeout: 120_000, what: 'uv to hang' });
    const pid = Number(readFileSync(mark, 'utf8'));
    killed.child.kill('SIGKILL');
    await waitFor(() => !isRunning(pid), { timeout: 60_000, what: 'uv to end with the daemon' });
    expect(versionsIn(home).every((name) => name.startsWith('.tmp'))).toBe(true);

    const daemon = await start(home, { version: '1.0.0' });
    await daemon.until('s', 'up', ({ health }) => health.up === true, 120_000);
    expect(versionsIn(home)).toEqual(['1.0.0']);
  });

  test('is installed again, and compiled as a whole, when the daemon is killed while it compiles the modules', async () => {
    const { home } = tempHome();
    const name = 'long-mcp';
    const parts = Array.from({ length: 40 }, (_, part): [string, string] => [
      `some_mcp/part${part}.py`,
      Array.from({ length: 4000 }, (__, line) => `x${line} = ${line}\n`).join(''),
    ]);
    const { files, ...rest } = release('1.0.0');
    index.publish({
      ...rest,
      name,
      scripts: { [name]: 'some_mcp.server:main' },
      files: { ...files, ...Object.fromEntries(parts) },
    });
    const settings = { package: `pypi:${name}` };
    const killed = await start(home, settings);
    const pid = await waitFor(() => compilerIn(home), {
      timeout: 120_000,
      what: 'the modules to be compiled',
    });
    // Neither done nor gone before the daemon is.
    process.kill(pid, 'SIGSTOP');
    killed.child.kill('SIGKILL');
    await waitFor(() => !isRunning(pid), { timeout: 60_000, what: 'the compiler to end with the daemon' });
    expect(versionsIn(home).every((version) => version.startsWith('.tmp'))).toBe(true);

    const daemon = await start(home, settings);
    await daemon.until('s', 'up', ({ health }) => health.up === true, 120_000);
    expect(versionsIn(home)).toEqual(['1.0.0']);
    const compiled = execFileSync('find', [join(home, 'servers/s/versions/1.0.0'), '-name', 'part*.pyc']);
    expect(compiled.toString().trim().split('\n')).toHaveLength(parts.length);
  });
});

/** Finds the process that compiles modules below `home`, not the shell that starts it with the same words; null for none. */
function compilerIn(home: string): number | null {
  const isCompiler = (pid: string): boolean => {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return argv[2] === '-S' && argv.includes('compileall') && argv.some((word) => word.startsWith(home));
    } catch {
      return false;
    }
  };
  const found = readdirSync('/proc').find((entry) => /^\d+$/u.test(entry) && isCompiler(entry));
  return found === undefined ? null : Number(found);
}
