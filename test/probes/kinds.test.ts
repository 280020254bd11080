import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort, startHttp, stopAll } from '../fixtures/start.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { deadline, sessionOf } from './session.ts';
import { type ProbeChanges, specOf } from '../fakes/spec.ts';

afterEach(stopAll);

const passed = { outcome: 'passed', took: expect.any(Number) };

describe('the http kind', () => {
  function probe(url: string, more: ProbeChanges = {}) {
    return sessionOf(specOf({ transport: 'http', url, probe: { kind: 'http', url, ...more } }));
  }

  it('takes any 2xx for alive, or exactly what is listed', async () => {
    const server = await startHttp();
    const health = new URL('/health', server.url).href;
    expect(await probe(health).probe('liveness', deadline())).toEqual([{ probe: 'http', result: passed }]);
    expect(await probe(health, { expectStatus: [204] }).connect(deadline())).toMatchObject({
      outcome: 'failed',
      reason: 'http_status',
      detail: 'GET /health was answered with HTTP 200',
    });
  });

  it('takes 405 and 401 for alive only where they are listed', async () => {
    const { url } = await startHttp();
    expect((await probe(url).probe('full', deadline()))[0].result).toMatchObject({ reason: 'http_status' });
    expect((await probe(url, { expectStatus: [401, 405] }).probe('full', deadline()))[0].result).toEqual(
      passed,
    );
  });

  it('does not follow redirects', async () => {
    const moved = new URL('/moved', (await startHttp()).url).href;
    expect(await probe(moved).connect(deadline())).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('302'),
    });
    expect(await probe(moved, { expectStatus: [302] }).connect(deadline())).toEqual(passed);
  });

  it('tells refused from hung', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    expect(await probe(url).connect(deadline())).toMatchObject({ outcome: 'failed', reason: 'refused' });
    const server = await startHttp();
    process.kill(server.pid, 'SIGSTOP');
    expect(await probe(server.url).connect(deadline(200))).toMatchObject({
      outcome: 'failed',
      reason: 'timeout',
    });
  });

  it('says nothing about a server whose name is not known', async () => {
    expect(await probe('http://no-such-host.invalid/').connect(deadline())).toMatchObject({
      outcome: 'inconclusive',
    });
  });
});

describe('the exec kind', () => {
  let home = '';
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'probe-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  function probe(...command: string[]) {
    return sessionOf(specOf({ cwd: home, probe: { kind: 'exec', command } }));
  }

  it('takes exit 0 for alive', async () => {
    expect(await probe('true').probe('liveness', deadline())).toEqual([{ probe: 'exec', result: passed }]);
  });

  it('takes any other end for a failure, with the last word of the command', async () => {
    const [{ result }] = await probe('/bin/sh', '-c', 'echo first; echo "no row" >&2; exit 3').probe(
      'liveness',
      deadline(),
    );
    expect(result).toMatchObject({
      outcome: 'failed',
      reason: 'protocol',
      detail: '/bin/sh exited with 3: no row',
    });
    expect(await probe('/bin/sh', '-c', 'kill -9 $$').connect(deadline())).toMatchObject({
      outcome: 'failed',
      detail: '/bin/sh was ended by SIGKILL',
    });
  });

  it('ends the whole group of a command that takes too long', async () => {
    const pids = join(home, 'pids');
    const script = `sleep 1000 & echo $! > ${pids}; sleep 1000 & echo $! >> ${pids}; wait`;
    const looking = probe('/bin/sh', '-c', script).probe('liveness', deadline(400));
    expect((await looking)[0].result).toMatchObject({ outcome: 'failed', reason: 'timeout' });
    const left = readFileSync(pids, 'utf8').trim().split('\n').map(Number);
    expect(left).toHaveLength(2);
    await waitFor(() => left.every((pid) => !isAlive(pid)), { what: 'the sleepers to end' });
  });

  it('is broken off, with its group, when nobody wants the answer', async () => {
    const controller = new AbortController();
    const looking = probe('sleep', '1000').probe('liveness', deadline(60_000, controller.signal));
    controller.abort({ end: 'discarded' });
    expect((await looking)[0].result).toMatchObject({ outcome: 'inconclusive' });
  });

  it('says nothing about the server when it cannot be run', async () => {
    expect(await probe('no-such-program').connect(deadline())).toEqual({
      outcome: 'inconclusive',
      detail: 'Cannot run no-such-program: ENOENT',
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie whose parent has not asked yet is as dead as can be.
  if (process.platform !== 'linux') return true;
  return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

describe('a ping that is not answered', () => {
  it('is confirmed by the list of tools, unless the process is stopped: it answers nothing', async () => {
    const { url } = await startHttp(['--behaviour', 'no-ping']);
    let isStopped = false;
    const session = sessionOf(specOf({ transport: 'http', url }), null, undefined, () => isStopped);
    await session.connect(deadline());
    const names = async () => (await session.probe('liveness', deadline(300))).map(({ probe }) => probe);
    expect(await names()).toEqual(['ping', 'list_tools']);
    isStopped = true;
    expect(await names()).toEqual(['ping']);
  });
});
