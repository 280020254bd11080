// The inspector of macOS with its own ways to run programs and to look for files, on played programs.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { darwin } from '../../src/orphans/process-inspector-darwin.ts';
import { readTable } from '../../src/system/process/process-table-darwin.ts';
import { playProgram } from '../fakes/played-program.ts';

test('asks ps, launchctl and lsof in the right languages, and takes a failure of lsof for an answer without rows', async () => {
  const self = `  {pid} {uid} ??       ${process.execPath} ${import.meta.filename} --flag\n`;
  const ps = playProgram('ps', { stdout: self });
  const launchctl = playProgram('launchctl', { stdout: 'PID\tStatus\tLabel\n{pid}\t0\tcom.mcp.daemon\n' });
  const lsof = playProgram('lsof', { status: 1 });
  const inspector = darwin();
  const commands = await inspector.readCommands([]);
  expect(commands.get(process.pid)).toEqual([process.execPath, import.meta.filename, '--flag']);
  const row = {
    pid: process.pid,
    ppid: 1,
    pgid: process.pid,
    state: 'alive',
    startToken: 'Mon Jan 5 09:15:00 2026',
    residentBytes: 1,
    cpuSeconds: 0,
    threads: null,
  } as const;
  const snapshot = { rows: [row], commands };
  expect(await inspector.sessionFactsOf(row, snapshot)).toEqual({
    isService: true,
    leadsSession: true,
    terminal: 'none',
  });
  expect(await inspector.channelsOf(process.pid, new Set(), snapshot)).toEqual({
    input: 'unknown',
    listens: false,
    isUsed: false,
  });
  expect(inspector.parentOf(row, snapshot)).toBe('init');
  expect(inspector.ageOf(row)).toBeGreaterThan(0);
  expect(ps.asked()[0]).toMatch(/^en_US\.UTF-8 -A -ww/u);
  expect(launchctl.asked()).toEqual(['C list']);
  expect(lsof.asked()[0]).toBe(`C -b -w -nP -a -p ${process.pid} -d 0 -Fftn`);
});

test('a program that fails otherwise tells nothing', async () => {
  playProgram('ps', { status: 2, stderr: 'ps: no' });
  playProgram('lsof', { status: 2 });
  playProgram('launchctl', { status: 2 });
  const inspector = darwin();
  expect(await inspector.readCommands([])).toEqual(new Map());
  expect(await inspector.channelsOf(process.pid, new Set(), { rows: [], commands: new Map() })).toEqual({
    input: 'unknown',
    listens: null,
    isUsed: null,
  });
});

test('the table of this machine, by its own ps, holds this process and its parent', async () => {
  const rows = await readTable();
  const [comm = ''] = execFileSync('ps', ['-o', 'ppid=', '-p', String(process.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(rows.find(({ pid }) => pid === process.pid)?.ppid).toBe(Number(comm));
});
