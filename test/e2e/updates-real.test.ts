// Update and rollback of context7 from the registry that this machine is configured for.
import { spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UpdatePhase } from '../../src/core/model/vocabulary.ts';
import { npmEnvironment } from '../fakes/npm-environment.ts';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { CLI, type RunningDaemon, startDaemon } from './daemon.ts';

const NAME = '@upstash/context7-mcp';
const server = 'context7';
const PROBATION = `mcp_watchdog_server_update_probation{server="${server}"}`;
/** A hundred packages are fetched, on a machine that does much else. */
const PATIENCE = 180_000;
const published = publishedVersions();
const [newest = '', older = ''] = published.filter((version) => !version.includes('-')).toReversed();

function publishedVersions(): readonly string[] {
  const { status, stdout } = spawnSync('npm', ['view', NAME, 'versions', '--json'], {
    env: npmEnvironment(),
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) return [];
  const versions: unknown = JSON.parse(stdout);
  return Array.isArray(versions) ? versions.filter((version) => typeof version === 'string') : [];
}

/** The command, while the daemon is asked how it stands. */
function command(
  daemon: RunningDaemon,
  argv: readonly string[],
): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [CLI, ...argv, '--home', daemon.home], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}

/** Gives the command and follows what comes of it to the end; returns the phases that the status showed on the way. */
async function change(
  daemon: RunningDaemon,
  argv: readonly string[],
  to: string,
): Promise<readonly UpdatePhase[]> {
  const seen: UpdatePhase[] = [];
  let isToldOnProbation = false;
  const answered = command(daemon, argv);
  await waitFor(
    async () => {
      const { update, version } = await daemon.server(server);
      const phase = update?.progress?.phase;
      if (phase !== undefined && phase !== seen.at(-1)) seen.push(phase);
      if (phase === 'probation') {
        expect(version).toBe(to);
        isToldOnProbation ||= (await daemon.metric(PROBATION)) === 1;
      }
      return phase === undefined && update?.memory.last?.to === to;
    },
    { timeout: PATIENCE, what: `${server} to be at ${to}`, longestPause: 150 },
  );
  expect(await answered).toMatchObject({ code: 0 });
  expect(isToldOnProbation).toBe(seen.includes('probation'));
  return seen;
}

/** What runs, by every account. */
async function expectRunning(daemon: RunningDaemon, version: string, updates: number): Promise<void> {
  const status = await daemon.until(
    server,
    'its tools',
    ({ health, tools }) => health.up === true && tools === 2,
    60_000,
  );
  expect(status).toMatchObject({ version, tools: 2, update: { progress: null } });
  expect(readlinkSync(join(daemon.home, 'servers', server, 'current'))).toBe(`versions/${version}`);
  const info = (await daemon.metrics())
    .split('\n')
    .filter((line) => line.startsWith('mcp_watchdog_server_info{'));
  expect(info).toHaveLength(1);
  expect(info[0]).toContain(`version="${version}"`);
  const restarts = `mcp_watchdog_server_restarts_total{server="${server}",reason="update"}`;
  expect(await daemon.metric(restarts)).toBe(updates);
  expect(await daemon.metric(PROBATION)).toBe(0);
  const { servers } = JSON.parse(daemon.run('status', server, '--json').out).data;
  expect(servers).toMatchObject([{ name: server, version }]);
}

test.skipIf(!requireThat('an npm registry', newest !== '' && older !== ''))(
  'context7 is taken to an older version, told of the newer, updated on probation, and rolled back',
  async () => {
    const daemon = await startDaemon({
      [server]: {
        package: NAME,
        probe: { interval: '1s', timeout: '5s', deepEvery: 2 },
        update: { probation: '10s' },
      },
    });
    await daemon.until(server, 'up', ({ health }) => health.up === true, PATIENCE);
    await expectRunning(daemon, newest, 0);

    expect(await change(daemon, ['update', server, '--to', older], older)).toEqual(
      expect.arrayContaining(['installing', 'canary', 'probation']),
    );
    await expectRunning(daemon, older, 1);
    expect((await daemon.server(server)).update?.memory).toMatchObject({
      pinned: older,
      previous: newest,
      bad: [],
      last: { from: newest, to: older, result: 'committed' },
    });

    const check = daemon.run('update', server, '--check', '--json');
    expect(check.code).toBe(0);
    expect(JSON.parse(check.out).data.servers).toMatchObject([
      { server, package: NAME, running: older, latest: newest, error: null },
    ]);

    // It is installed already: what remains is to try it, to switch, and to watch.
    expect(await change(daemon, ['update', server], newest)).toEqual(
      expect.arrayContaining(['canary', 'probation']),
    );
    await expectRunning(daemon, newest, 2);
    expect((await daemon.server(server)).update?.memory).toMatchObject({
      pinned: null,
      previous: older,
      last: { from: older, to: newest, result: 'committed' },
    });

    await change(daemon, ['rollback', server], older);
    await expectRunning(daemon, older, 3);
    // The journal is written in the background.
    await waitFor(async () => (await daemon.journal('restarted')).length >= 3, { what: 'the journal' });
    const moved = await daemon.journal('update-moved');
    expect(new Set(moved.map(({ progress }) => progress.phase))).toEqual(
      new Set(['installing', 'canary', 'waiting', 'switching', 'probation']),
    );
    expect((await daemon.journal('restarted')).map(({ reason }) => reason)).toEqual([
      'update',
      'update',
      'update',
    ]);
    expect(await daemon.journal('start-failed')).toEqual([]);
  },
  600_000,
);
