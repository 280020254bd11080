// The branches that only macOS takes, on played programs.
import { played } from '../../fakes/play-darwin.ts';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { WatchdogEvent } from '../../../src/core/model/events.ts';
import { RUN_MARKER } from '../../../src/core/lifecycle/run-marker.ts';
import { createSampler } from '../../../src/sampling/sampler.ts';
import { findLeftoverProcesses, findLeftovers } from '../../../src/supervisor/leftover-processes.ts';
import { recoverRecords } from '../../../src/supervisor/recover-process-records.ts';
import { createBus } from '../../../src/system/bus.ts';
import { findPortOwner, ownsPort, proveOwner } from '../../../src/system/net/port-owner.ts';
import { pathsInUse } from '../../../src/system/process/paths-in-use.ts';
import { checkIdentity, haveEnded, readBootId } from '../../../src/system/process/process-identity.ts';
import {
  commandOf,
  findByEnvironment,
  openFdsOf,
  readMarks,
  readProcess,
  readProcesses,
  readProcessTable,
} from '../../../src/system/process/process-table.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { macosSample } from '../../fakes/macos-samples.ts';
import { playProgram } from '../../fakes/played-program.ts';

const OWN = '  {pid}     1  {pid} S+   101232   0:44.10 Mon Jan  5 09:15:00 2026    \n';
const OWN_COMMAND = '  {pid} {uid} ??       node /x/cli.js run\n';
const MARK = '512.Mon%20Jan%205%2007%3A02%3A11%202026.1a2b/files/3';

// The boot is read once for all tests.
beforeEach(() => void playProgram('sysctl', { stdout: '0FDB-11\n' }));

/** Answers each kind of question with its own text. */
function playPs({ table = macosSample('ps-table.txt') + OWN, commands = '', marked = '' }) {
  const texts = { table, commands: OWN_COMMAND + commands, marked: OWN_COMMAND + marked };
  const fill = (text: string): string =>
    text.replaceAll('{pid}', String(process.pid)).replaceAll('{uid}', String(process.getuid!()));
  return playProgram('ps', {
    script: `case "$*" in
*" -p 99999") exit 1;;
*-E*) cat <<'X'
${fill(texts.marked)}X
;;
*command*) cat <<'X'
${fill(texts.commands)}X
;;
*) cat <<'X'
${fill(texts.table)}X
;;
esac`,
  });
}

describe('processes', () => {
  test('are known by one ps, and one alone by another', async () => {
    expect(played).toBe('darwin');
    playPs({});
    expect((await readProcessTable()).map(({ pid }) => pid)).toContain(4711);
    expect(readProcess(4711)).toMatchObject({ ppid: 512, startToken: 'Mon Jan 5 09:15:00 2026' });
    expect(readProcess(99_999)).toBeNull();
    expect((await readProcesses([4711, 99_999])).map(({ pid }) => pid)).toEqual([4711]);
    expect(openFdsOf(4711)).toBeNull();
  });

  test.each(['', 'PID\n'])('are unknown, never gone, where ps exits with 0 and prints %j', async (stdout) => {
    playProgram('ps', { stdout });
    const one = { pid: 4711, startToken: 'Mon Jan 5 09:15:00 2026' };
    await expect(readProcessTable()).rejects.toMatchObject({
      code: 'PROCESS_TABLE_UNREADABLE',
      hint: expect.stringContaining('sandbox'),
    });
    expect(readProcess(4711)).toBeUndefined();
    expect(checkIdentity({ ...one, bootId: readBootId() })).toBe('unknown');
    expect(await haveEnded([one])).toBe(false);
    await expect(readMarks(RUN_MARKER)).rejects.toMatchObject({ code: 'PROCESS_TABLE_UNREADABLE' });
    await expect(pathsInUse('/x')).rejects.toMatchObject({ code: 'PROCESS_TABLE_UNREADABLE' });
    expect(await commandOf(4711)).toBeNull();
  });

  test('are the same by pid, start and boot', () => {
    playPs({});
    const one = { pid: 4711, startToken: 'Mon Jan 5 09:15:00 2026', bootId: readBootId() };
    expect(one.bootId).toBe('0FDB-11');
    expect(checkIdentity(one)).toBe('same');
    expect(checkIdentity({ ...one, startToken: 'Mon Jan 5 09:15:01 2026' })).toBe('recycled');
    expect(checkIdentity({ ...one, bootId: 'before' })).toBe('recycled');
    expect(checkIdentity({ ...one, pid: 4712, startToken: 'Mon Jan 5 09:15:01 2026' })).toBe('gone');
    expect(checkIdentity({ ...one, pid: 99_999 })).toBe('gone');
  });

  test('have ended when none is alive with its start', async () => {
    playPs({});
    const living = { pid: 4711, startToken: 'Mon Jan 5 09:15:00 2026' };
    const zombie = { pid: 4712, startToken: 'Mon Jan 5 09:15:01 2026' };
    expect(await haveEnded([zombie, { ...living, startToken: 'before' }])).toBe(true);
    expect(await haveEnded([zombie, living])).toBe(false);
  });
});

describe('marks', () => {
  const marked = `  4713 {uid} ??  node /x/y.js HOME=/Users/me ${RUN_MARKER}=${MARK}\n`;

  test('lead to what left its group', async () => {
    playPs({ marked });
    expect(await findByEnvironment(RUN_MARKER, MARK)).toEqual([4713]);
    expect(await findByEnvironment(RUN_MARKER, MARK, [1, 2])).toEqual([]);
    expect(await findByEnvironment(RUN_MARKER, MARK, [])).toEqual([]);
    const leader = {
      server: 'files',
      pid: 70,
      pgid: 70,
      startToken: 'Mon Jan 5 09:00:00 2026',
      marker: MARK,
    };
    expect(await findLeftoverProcesses(leader, [])).toEqual({
      group: false,
      detached: [{ pid: 4713, pgid: 4711, startToken: 'Fri Jan 30 23:59:59 2026' }],
    });
  });

  test('lead a new daemon to what an earlier one left, with or without its records', async () => {
    const { asked } = playPs({ marked });
    const record = { server: 'files', pid: 70, pgid: 70, startToken: 'x', marker: MARK, strays: [] };
    expect(await findLeftovers([record, { ...record, marker: 'other' }])).toEqual([
      { server: 'files', pid: 4713, startToken: 'Fri Jan 30 23:59:59 2026' },
    ]);
    expect(asked()).toHaveLength(2);
    const owner = { pid: 512, startToken: 'Mon Jan 5 07:02:11 2026' };
    expect(await recoverRecords([owner])).toMatchObject([{ server: 'files', pid: 4713, marker: MARK }]);
    expect(await recoverRecords([{ ...owner, pid: 513 }])).toEqual([]);
  });
});

test('a version below a home with é is in use, however the process was started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'josé-'.normalize('NFC')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const servers = join(folder, 'servers');
  mkdirSync(servers);
  const path = `${servers}/x/1.0.0/index.js`;
  playPs({ commands: `  900 501 ??       node ${path.normalize('NFD')} --flag\n` });
  expect(await pathsInUse(servers)).toEqual(new Set(['x/1.0.0/index.js --flag']));
});

describe('a port', () => {
  const clock = new FakeClock();

  test('belongs to whom lsof names', async () => {
    const { asked } = playProgram('lsof', { stdout: macosSample('lsof-listen.txt') });
    playPs({ commands: '' });
    expect(await findPortOwner(8443, '127.0.0.1')).toMatchObject({ pid: 4711 });
    expect(await findPortOwner(8443, '192.168.1.2')).toMatchObject({ pid: 4999 });
    expect(await ownsPort(8443, [4711])).toBe(true);
    expect(await ownsPort(8443, [7])).toBe(false);
    expect(await ownsPort(8443, [])).toBe(false);
    const proof = await proveOwner(8443, [4711], clock);
    expect(typeof proof === 'function' && proof()).toBe(true);
    await clock.advance(600_000);
    expect(typeof proof === 'function' && proof()).toBe(false);
    expect(asked()[0]).toContain('-iTCP:8443 -sTCP:LISTEN -Fpn');
  });

  test('is nobody known’s when lsof finds nothing, and unknown when it fails', async () => {
    playProgram('lsof', { status: 1 });
    expect(await ownsPort(23_499, [4711])).toBe(false);
    expect(await proveOwner(23_499, [4711], clock)).toBe(false);
    expect(await findPortOwner(23_499, '127.0.0.1')).toBeNull();
    playProgram('lsof', { status: 2 });
    expect(await ownsPort(23_499, [4711])).toBeNull();
  });
});

describe('a sample', () => {
  function sampler(roots: readonly { server: string; pid: number; pgid: number }[]) {
    const clock = new FakeClock();
    const events: WatchdogEvent[] = [];
    const bus = createBus(clock, (error) => {
      throw error;
    });
    bus.subscribe((event) => events.push(event));
    const made = createSampler({ clock, bus, interval: 15_000, roots: () => roots });
    onTestFinished(() => made.stop());
    return { made, usage: () => events.flatMap((event) => (event.kind === 'sampled' ? [event.usage] : [])) };
  }

  test('takes one ps, which has the CPU time and the memory, and one top', async () => {
    const { asked } = playPs({});
    const top = playProgram('top', { stdout: macosSample('top-arm64.txt') });
    const { made, usage } = sampler([{ server: 'files', pid: 4711, pgid: 4711 }]);
    await made.sampleNow();
    await made.sampleNow();
    expect(asked()).toHaveLength(2);
    expect(usage()[0]).toMatchObject({
      processes: 2,
      residentBytes: (101_232 + 3120) * 1024,
      cpuSeconds: 44.1 + 74_096.78,
    });
    await expect.poll(() => top.asked()).toEqual(['C -l 1 -F -stats pid,mem']);
  });

  test('asks no top while no server has a process', async () => {
    playPs({});
    const top = playProgram('top', { stdout: macosSample('top-arm64.txt') });
    const { made } = sampler([{ server: 'files', pid: 99_999, pgid: 99_999 }]);
    await made.sampleNow();
    expect(top.asked()).toEqual([]);
  });
});
