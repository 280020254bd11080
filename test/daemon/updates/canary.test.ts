import { mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ServerSpec } from '../../../src/core/model/server-spec.ts';
import { createRedactor } from '../../../src/core/base/text.ts';
import { createInstallQueue } from '../../../src/packages/install-queue.ts';
import { createPackageUpdates } from '../../../src/packages/package-updates.ts';
import { createCanary } from '../../../src/daemon/updates/canary.ts';
import { createProcessRegistry } from '../../../src/supervisor/process-registry.ts';
import { RUN_MARKER } from '../../../src/core/lifecycle/run-marker.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { findByEnvironment } from '../../../src/system/process/process-table.ts';
import { isRunning } from '../../fakes/processes.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { freePort, portOf, startHttp, stopAll } from '../../fixtures/start.ts';

const FIXTURE = new URL('../../fixtures/servers/mcp.mjs', import.meta.url);
const WANTED = new AbortController().signal;
const BIN = `#!/usr/bin/env node\nawait import(${JSON.stringify(FIXTURE.href)});\n`;

afterEach(stopAll);

/** A home with version 2.0.0 of a package, of which `current` is 1.0.0. */
function install(bin = BIN, manifest: object = {}) {
  const { home } = tempHome();
  const folder = (version: string): string =>
    join(home, 'servers', 'some', 'versions', version, 'node_modules', 'some');
  for (const version of ['1.0.0', '2.0.0']) {
    mkdirSync(folder(version), { recursive: true });
    const own = { name: 'some', version, type: 'module', bin: 'index.js', ...manifest };
    writeFileSync(join(folder(version), 'package.json'), JSON.stringify(own));
    writeFileSync(join(folder(version), 'index.js'), version === '2.0.0' ? bin : '');
  }
  symlinkSync('versions/1.0.0', join(home, 'servers', 'some', 'current'));
  return home;
}

function stage(home = install()) {
  const held = new Set<number>();
  const faults: unknown[] = [];
  const path = join(home, 'processes.json');
  const registry = createProcessRegistry(path, {
    guardian: {
      hold: (pgid) => held.add(pgid),
      drop: (pgid) => held.delete(pgid),
      pid: 0,
      close: () => undefined,
    },
    onFault: (error) => faults.push(error),
  });
  const daemonId = `test.${Math.random()}`;
  const { scrub } = createRedactor(['very-secret-token']);
  const parts = {
    paths: { home },
    packages: createPackageUpdates({
      paths: { servers: join(home, 'servers') },
      clock: systemClock,
      queue: createInstallQueue(),
    }),
    registry,
    daemonId,
    clock: systemClock,
    version: '0',
  };
  const canary = createCanary({ ...parts, scrub, onFault: (error) => faults.push(error) });
  const marked = (): Promise<readonly number[]> => findByEnvironment(RUN_MARKER, `${daemonId}/some/0`);
  const written = (): unknown => JSON.parse(readFileSync(path, 'utf8')).processes;
  return {
    home,
    held,
    marked,
    written,
    run: (spec: ServerSpec, signal = WANTED) => canary(spec, '2.0.0', signal),
    expectNothingLeft: async (): Promise<void> => {
      expect(await marked()).toEqual([]);
      expect([...held]).toEqual([]);
      expect(written()).toEqual([]);
      expect(faults).toEqual([]);
      expect(realpathSync(join(home, 'servers', 'some', 'current'))).toMatch(/1\.0\.0$/);
    },
  };
}

function server(args: readonly string[] = [], changes: Parameters<typeof specOf>[0] = {}): ServerSpec {
  return specOf({
    name: 'some',
    source: { kind: 'package', manager: 'npm', package: 'some', version: 'latest', bin: null },
    args: [...args],
    start: { timeout: 10_000 },
    stop: { grace: 1000 },
    ...changes,
  });
}

const httpServer = (
  port: number,
  args: readonly string[] = [],
  changes: Parameters<typeof specOf>[0] = {},
): ServerSpec =>
  server(['--transport', 'http', '--port', String(port), ...args], {
    transport: 'http',
    url: `http://127.0.0.1:${port}/mcp`,
    ...changes,
  });

describe('a canary over pipes', () => {
  test('tells its tools and its memory, and nothing of it is left', async () => {
    const { run, expectNothingLeft } = stage();
    const report = await run(server(['--tools', '3']));
    if (!report.ok) throw new Error(report.reason);
    expect(report.tools).toEqual(
      [0, 1, 2].map((index) =>
        expect.objectContaining({ name: `tool-${index}`, inputSchema: { type: 'object' } }),
      ),
    );
    expect(report.residentBytes).toBeGreaterThan(10_000_000);
    expect(report.residentBytes).toBeLessThan(500_000_000);
    await expectNothingLeft();
  });

  test('tells tools that come one a page, and none where none are offered', async () => {
    const { run } = stage();
    const [paged, none] = await Promise.all([
      run(server(['--tools', '7', '--behaviour', 'paged'])),
      stage().run(server(['--capabilities', 'prompts'])),
    ]);
    expect(paged).toMatchObject({ ok: true, tools: { length: 7 } });
    expect(none).toMatchObject({ ok: true, tools: [] });
  });

  test('is written down and held by the guardian while it lives', async () => {
    const { run, held, written, expectNothingLeft } = stage();
    const running = run(server(['--behaviour', 'slow-start', '--delay', '1500']));
    await waitFor(() => held.size === 1, { what: 'the guardian to hold it' });
    expect(written()).toMatchObject([{ server: 'some', pid: [...held][0] }]);
    expect(await running).toMatchObject({ ok: true });
    await expectNothingLeft();
  });

  test.each<[string, readonly string[], RegExp, number?]>([
    ['ends at once', ['--behaviour', 'exit-at-once', '--code', '3'], /^it exited with exit code 3 before/],
    [
      'ends on the first question',
      ['--behaviour', 'crash', '--after', '0', '--code', '7'],
      /^it exited with exit code 7/,
    ],
    [
      'will not introduce itself',
      ['--behaviour', 'refuse'],
      /^The answer to initialize was -32603: “Still loading”/,
      2000,
    ],
    [
      'hangs after the greeting',
      ['--behaviour', 'hang-after'],
      /^No answer to tools\/list within \d+ ms/,
      2000,
    ],
    [
      'never answers',
      ['--behaviour', 'slow-start', '--delay', '60000'],
      /^No answer to initialize within/,
      1000,
    ],
    [
      'has lost what is behind it',
      ['--behaviour', 'backend-dead'],
      /^The answer to tools\/list was -32603: “Not connected”/,
    ],
    [
      'floods its stdout',
      ['--behaviour', 'flood-stdout,hang-after', '--answered', '0'],
      /^it printed \d+ bytes and no answer/,
    ],
    [
      'floods its stderr',
      ['--behaviour', 'flood-stderr,hang-after', '--answered', '0'],
      /^it printed \d+ bytes and no answer/,
    ],
  ])('that %s is reported in one line', async (_, args, words, timeout = 10_000) => {
    const { run, expectNothingLeft } = stage();
    const report = await run(server(args, { start: { timeout } }));
    expect(report).toMatchObject({ ok: false, fault: 'version', reason: expect.stringMatching(words) });
    await expectNothingLeft();
  });

  test('answers although it talks rubbish between its messages', async () => {
    const { run, expectNothingLeft } = stage();
    const behaviour = 'noise,split,duplicate,asks';
    expect(await run(server(['--behaviour', behaviour]))).toMatchObject({ ok: true, tools: { length: 2 } });
    await expectNothingLeft();
  });

  test('that says nothing but rubbish is reported', async () => {
    const { run, expectNothingLeft } = stage(install('setInterval(() => console.log("{]\\u001b[2J"), 50);'));
    const report = await run(server([], { start: { timeout: 1500 } }));
    expect(report).toMatchObject({ ok: false, fault: 'version' });
    await expectNothingLeft();
  });

  test('takes everything along that it has started, even what left its group', async () => {
    const { run, marked, expectNothingLeft } = stage();
    const behaviour = 'grandchild,escapee,slow-start,ignore-term,ignore-eof';
    const running = run(server(['--behaviour', behaviour, '--delay', '800'], { stop: { grace: 300 } }));
    const pids = await waitFor(async () => (await marked()).length === 3 && marked(), {
      what: 'its children',
    });
    expect(await running).toMatchObject({ ok: true });
    expect(pids.filter(isRunning)).toEqual([]);
    await expectNothingLeft();
  });

  test('shows its last words, made safe, and without our secrets', async () => {
    const bin = `console.error('\\u001b[31mvery-secret-token is no good\\u0007'); console.error(''); process.exit(9);`;
    const { run } = stage(install(bin));
    expect(await run(server())).toEqual({
      ok: false,
      fault: 'version',
      reason: 'it exited with exit code 9 before it had listed its tools: “[secret] is no good\\x07”',
    });
  });

  test('that is killed from outside is no fault of the version', async () => {
    const { run, held, expectNothingLeft } = stage();
    const running = run(server(['--behaviour', 'slow-start', '--delay', '60000']));
    await waitFor(() => held.size === 1);
    process.kill([...held][0] ?? 0, 'SIGKILL');
    expect(await running).toMatchObject({
      ok: false,
      fault: 'ours',
      reason: expect.stringMatching(/SIGKILL/),
    });
    await expectNothingLeft();
  });

  test('is ended when it is given up', async () => {
    const { run, held, expectNothingLeft } = stage();
    const controller = new AbortController();
    const running = run(server(['--behaviour', 'slow-start', '--delay', '60000']), controller.signal);
    await waitFor(() => held.size === 1);
    controller.abort();
    expect(await running).toEqual({ ok: false, fault: 'ours', reason: 'it was cancelled' });
    await expectNothingLeft();
  });

  test('gets the environment, the folder and the arguments of its server', async () => {
    const bin = `console.error(JSON.stringify([process.cwd(), process.env.TOKEN, process.argv.slice(2)])); process.exit(1)`;
    const { run, home } = stage(install(bin));
    const cwd = realpathSync(home);
    const report = await run(server(['--a', 'b c'], { env: { TOKEN: 'x' }, cwd }));
    expect(report).toMatchObject({
      reason: expect.stringContaining(JSON.stringify([cwd, 'x', ['--a', 'b c']])),
    });
  });
});

describe('a version that cannot be started', () => {
  test.each<[string, () => string, RegExp]>([
    ['has no program', () => install(BIN, { bin: {} }), /^it cannot be started: it has no program/],
    ['has an empty program', () => install(''), /^it cannot be started: its program index.js is empty/],
  ])('because it %s is reported', async (_, make, words) => {
    const { run, expectNothingLeft } = stage(make());
    const report = await run(server());
    expect(report).toMatchObject({ ok: false, fault: 'version', reason: expect.stringMatching(words) });
    await expectNothingLeft();
  });

  test('because its folder is gone is our fault, as the server would not start either', async () => {
    const report = await stage().run(server([], { cwd: '/nowhere/at/all' }));
    expect(report).toMatchObject({ ok: false, fault: 'ours', reason: expect.stringMatching(/nowhere/) });
  });
});

describe('a canary over http', () => {
  test('listens on a port of its own while the server keeps its', async () => {
    const port = await freePort();
    const running = await startHttp(['--port', String(port)]);
    const { run, expectNothingLeft } = stage();
    const report = await run(httpServer(port, ['--tools', '4']));
    expect(report).toMatchObject({ ok: true, tools: { length: 4 } });
    expect((await running.stats()).requests).toEqual({});
    await expectNothingLeft();
  });

  test('takes leave of its session', async () => {
    const { run } = stage();
    const report = await run(httpServer(await freePort(), ['--sessions', '--answers', 'sse-odd']));
    expect(report).toMatchObject({ ok: true, tools: { length: 2 } });
  });

  test('is told its port by the environment', async () => {
    const port = await freePort();
    const { run } = stage();
    const spec = server(['--transport', 'http'], {
      transport: 'http',
      url: `http://localhost:${port}/mcp`,
      env: { MCP_FIXTURE_PORT: String(port) },
    });
    expect(await run(spec)).toMatchObject({ ok: true });
  });

  test('whose port stands nowhere is not tried', async () => {
    const report = await stage().run(
      server(['--transport', 'http'], { transport: 'http', url: 'http://127.0.0.1:4242/mcp' }),
    );
    expect(report).toEqual({
      ok: false,
      fault: 'ours',
      reason:
        'it cannot be tried on another port: its port 4242 is in neither its args nor its env; set it there',
    });
  });

  test('that lives but knows nobody has no tools to tell', async () => {
    const { run } = stage();
    const report = await run(httpServer(await freePort(), ['--behaviour', 'unauthorized']));
    expect(report).toMatchObject({ ok: true, tools: [] });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['fails', ['--behaviour', 'failing'], /HTTP 500/],
    ['answers with pages', ['--behaviour', 'html'], /not JSON-RPC/],
    [
      'never listens',
      ['--behaviour', 'slow-start', '--delay', '60000'],
      /^it did not listen on port \d+, as configured, within 2 s/,
    ],
    ['ends', ['--behaviour', 'exit-at-once'], /^it exited with exit code 0/],
  ])('that %s is reported', async (_, args, words) => {
    const { run, expectNothingLeft } = stage();
    const report = await run(httpServer(await freePort(), args, { start: { timeout: 2000 } }));
    expect(report).toMatchObject({ ok: false, fault: 'version', reason: expect.stringMatching(words) });
    await expectNothingLeft();
  });

  test.skipIf(process.platform !== 'linux')(
    'is not taken for a stranger who has got its port, and tells him nothing',
    async () => {
      // It says on which port it is told to listen, and somebody else is quicker.
      const bin = `console.error(process.argv.at(-1)); setTimeout(() => {}, 60000);`;
      const { run, held, expectNothingLeft } = stage(install(bin));
      const asked: string[] = [];
      const running = run(httpServer(await freePort(), [], { headers: { authorization: 'Bearer x' } }));
      await waitFor(() => held.size === 1);
      const command = await waitFor(
        () => /(\d+)\0$/.exec(readFileSync(`/proc/${[...held][0]}/cmdline`, 'utf8'))?.[1],
      );
      const stranger = createServer((socket) => socket.on('data', (data) => asked.push(data.toString())));
      onTestFinished(() => void stranger.close());
      stranger.listen(Number(command), '127.0.0.1');
      expect(await running).toMatchObject({
        ok: false,
        fault: 'ours',
        reason: expect.stringMatching(/taken by another program/),
      });
      expect(portOf(stranger)).toBe(Number(command));
      expect(asked).toEqual([]);
      await expectNothingLeft();
    },
  );
});
