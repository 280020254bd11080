// Servers that are containers, with a pretended docker that records what it was asked.
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it as always, onTestFinished, vi } from 'vitest';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { QUICK, startDaemon } from './daemon.ts';

// Real processes, and a node for each word to the engine.
vi.setConfig({ testTimeout: 180_000 });

const DOCKER = fileURLToPath(new URL('../fixtures/docker.mjs', import.meta.url));

/** The pretended engine uses named pipes and /proc as Linux has them. */
const it = always.skipIf(process.platform !== 'linux');

interface Container {
  readonly id: string;
  readonly pid: number;
  readonly labels: readonly string[];
}

function engine(behaviour = 'ignore-eof') {
  const { home } = tempHome();
  const state = join(home, 'engine');
  mkdirSync(join(state, 'containers'), { recursive: true });
  const client = join(home, 'docker');
  writeFileSync(client, `#!/bin/sh\nexec '${process.execPath}' '${DOCKER}' "$@"\n`);
  chmodSync(client, 0o755);
  const settings = {
    ...QUICK,
    // A probe that a busy machine misses is no subject here.
    probe: { interval: '500ms', timeout: '1s', failures: 9 },
    command: [client, 'run', '-i', '--rm', 'image', '--behaviour', behaviour],
    env: { DOCKER_CONFIG: state },
  };
  const containers = (): Container[] =>
    readdirSync(join(state, 'containers'))
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => containerIn(join(state, 'containers', name)));
  // No end of a daemon ends them for sure, and they hear no end of their input.
  onTestFinished(() => {
    for (const { pid } of containers()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  return {
    home,
    settings,
    away: (isAway: boolean) =>
      isAway ? writeFileSync(join(state, 'away'), '') : rmSync(join(state, 'away'), { force: true }),
    orders: (): string[][] =>
      readFileSync(join(state, 'orders.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    containers,
  };
}

/** None when the engine forgets it at this moment. */
function containerIn(file: string): Container[] {
  try {
    return [JSON.parse(readFileSync(file, 'utf8'))];
  } catch {
    return [];
  }
}

/** A zombie is dead: whoever is PID 1 here may not reap what the pretended engine leaves. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const records = (home: string): string[] => readdirSync(join(home, 'run', 'containers'));

it('is started with an init, a file for its id and labels; ends with its client, and with the daemon', async () => {
  const docker = engine();
  const daemon = await startDaemon({ box: docker.settings }, { home: docker.home });
  const { pid } = await daemon.up('box');
  const [run = []] = docker.orders();
  expect(run.slice(0, 9)).toEqual([
    'run',
    '--init',
    '--cidfile',
    expect.stringMatching(/\/run\/containers\/[\da-f-]+\.cid$/u),
    '--label',
    'mcp-watchdog.server=box',
    '--label',
    expect.stringMatching(/^mcp-watchdog\.run=.+\/box\/1$/u),
    '-i',
  ]);
  await waitFor(() => daemon.output().includes('Starts a container, with options of ours'));

  const [first] = docker.containers();
  process.kill(pid!, 'SIGKILL');
  await daemon.until('box', 'up again', (server) => server.pid !== pid && server.health.up === true);
  const [second, ...others] = docker.containers();
  expect(others).toEqual([]);
  expect(second?.id).not.toBe(first?.id);
  expect(isAlive(first!.pid)).toBe(false);
  expect(docker.orders().filter(([verb]) => verb === 'stop')).toEqual([['stop', '-t', '2', first?.id]]);

  await daemon.stop();
  expect(docker.containers()).toEqual([]);
  expect(isAlive(second!.pid)).toBe(false);
  expect(records(docker.home)).toEqual([]);
});

it('is ended by the next daemon when this one is killed, also when the engine was away at first', async () => {
  // The guardian's TERM reaches it through its client.
  const docker = engine('ignore-eof,ignore-term');
  const killed = await startDaemon({ box: docker.settings }, { home: docker.home });
  const { pid } = await killed.up('box');
  const [left] = docker.containers();
  killed.child.kill('SIGKILL');
  await waitFor(() => !isAlive(pid!), { what: 'the guardian to end the client' });
  expect(isAlive(left!.pid)).toBe(true);

  docker.away(true);
  const daemon = await startDaemon({ box: docker.settings }, { home: docker.home });
  await waitFor(() => daemon.output().includes('Cannot end a container'));
  expect(isAlive(left!.pid)).toBe(true);
  docker.away(false);
  await daemon.up('box');
  await waitFor(() => !isAlive(left!.pid), { what: 'the container of the earlier daemon to end' });
  await waitFor(() => docker.containers().length === 1);
});

it('counts with the memory, the processor time and the processes that its engine tells', async () => {
  const docker = engine();
  const daemon = await startDaemon({ box: docker.settings }, { home: docker.home });
  await daemon.up('box');
  const { usage } = await daemon.until(
    'box',
    'measured',
    (server) => (server.usage?.residentBytes ?? 0) > 512 * 1024 ** 2,
    60_000,
  );
  expect(usage?.processes).toBeGreaterThanOrEqual(6);
  expect(usage?.cpuCores ?? 1.5).toBeGreaterThanOrEqual(1.5);
  expect(docker.orders().find(([verb]) => verb === 'stats')).toContain(docker.containers()[0]?.id);
});
