import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { ServerSpec } from '../../../src/core/model/server-spec.ts';
import type { SideProcess } from '../../../src/supervisor/beside/side-process.ts';
import type { ReadyStart } from '../../../src/supervisor/beside/side-processes.ts';
import { createSpares } from '../../../src/supervisor/beside/spares.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { specOf } from '../../fakes/spec.ts';

const SPEC = specOf({ name: 's' });
const WANTED: ServerSpec = { ...SPEC, gateway: { ...SPEC.gateway, spare: true } };
const START: ReadyStart = { ok: true, argv: ['/bin/server'], cwd: '/', version: '1' };

function setUp({ refuses = () => false }: { refuses?: () => boolean } = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  let pids = 0;
  const deaths = new Map<number, () => void>();

  function processOf(pid: number): SideProcess {
    let isDead = false;
    const exit = new Promise<{ code: number; signal: null }>((resolve) => {
      deaths.set(pid, () => {
        isDead = true;
        resolve({ code: 1, signal: null });
      });
    });
    const child = {
      pid,
      exit,
      stdin: null,
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      drained: Promise.resolve(),
      releasePipes: () => undefined,
    };
    const leader = { server: 's', pid, pgid: pid, startToken: '', marker: '' };
    return {
      leader,
      child,
      process: { leader, child, end: () => undefined, updateDetached: () => undefined },
      exit: () => (isDead ? { code: 1, signal: null } : null),
      gone: new Promise(() => undefined),
      handOver() {
        log.push(`handed over ${pid}`);
        return this.process;
      },
      end() {
        log.push(`ended ${pid}`);
        return Promise.resolve(true);
      },
    };
  }

  const spares = createSpares({
    clock,
    processes: {
      start() {
        if (refuses()) return Promise.resolve({ code: 'EAGAIN', message: 'no' });
        pids += 1;
        log.push(`started ${pids}`);
        return Promise.resolve(processOf(pids));
      },
      release: (process) => void log.push(`released ${process.leader.pid}`),
    },
    onFault(error) {
      throw error;
    },
  });
  return { clock, log, spares, die: (pid: number) => deaths.get(pid)?.() };
}

test('one stands by soon after the server is ready, and only one', async () => {
  const { clock, log, spares } = setUp();
  spares.keep(WANTED, START);
  expect(spares.take('s')).toBeNull();
  await clock.advance(1_000);
  spares.keep(WANTED, START);
  await clock.advance(1_000);
  expect(log).toEqual(['started 1']);
});

test.each<[string, ServerSpec]>([
  ['does not ask for one', SPEC],
  ['has a process for each session', { ...WANTED, gateway: { ...WANTED.gateway, mode: 'per-session' } }],
  ['listens on a port', { ...WANTED, transport: 'http' }],
  ['is probed on a port', specOf({ ...WANTED, probe: { kind: 'http', url: null } })],
])('none stands by for a server that %s', async (_, spec) => {
  const { clock, log, spares } = setUp();
  spares.keep(spec, START);
  await clock.advance(60_000);
  expect(log).toEqual([]);
});

test('whoever takes it has it alone, and hands it over', async () => {
  const { clock, log, spares } = setUp();
  spares.keep(WANTED, START);
  await clock.advance(1_000);
  const taken = spares.take('s');
  expect(spares.take('s')).toBeNull();
  spares.drop('s');
  expect(taken?.fits(WANTED, START)).toBe(true);
  taken?.handOver({ onExit: () => undefined, onGone: () => undefined });
  expect(log).toEqual(['started 1', 'released 1', 'handed over 1']);
});

test('it does not fit a start of something else, nor when it is dead', async () => {
  const { clock, spares, die } = setUp();
  spares.keep(WANTED, START);
  await clock.advance(1_000);
  const taken = spares.take('s');
  expect(taken?.fits(WANTED, { ...START, version: '2' })).toBe(false);
  expect(taken?.fits(WANTED, { ...START, argv: ['/bin/server', 'more'] })).toBe(false);
  expect(taken?.fits({ ...WANTED, env: { A: '1' } }, START)).toBe(false);
  die(1);
  expect(taken?.fits(WANTED, START)).toBe(false);
});

test('it ends with its server, when it is not wanted any more, and when the server is another', async () => {
  const { clock, log, spares } = setUp();
  spares.keep(WANTED, START);
  await clock.advance(1_000);
  spares.keep(WANTED, { ...START, version: '2' });
  await clock.advance(1_000);
  spares.keep(SPEC, START);
  spares.keep(WANTED, START);
  spares.drop('s');
  await clock.advance(1_000);
  expect(log).toEqual(['started 1', 'ended 1', 'started 2', 'ended 2']);
});

test('one that dies while it waits, or cannot be started, is tried again, ever more seldom', async () => {
  let refusals = 2;
  const { clock, log, spares, die } = setUp({ refuses: () => (refusals -= 1) >= 0 });
  spares.keep(WANTED, START);
  await clock.advance(1_000);
  await clock.advance(10_000);
  expect(log).toEqual([]);
  await clock.advance(20_000);
  expect(log).toEqual(['started 1']);
  die(1);
  await clock.advance(0);
  expect(spares.take('s')).toBeNull();
  await clock.advance(39_000);
  expect(log).toEqual(['started 1', 'ended 1']);
  await clock.advance(2_000);
  expect(log).toEqual(['started 1', 'ended 1', 'started 2']);
});
