// What the watchdog makes of macOS' ps, played on any system.
import { describe, expect, it, test } from 'vitest';
import { RUN_MARKER } from '../../../src/core/lifecycle/run-marker.ts';
import { pathsIn } from '../../../src/system/process/paths-in-use.ts';
import * as darwin from '../../../src/system/process/process-table-darwin.ts';
import {
  environmentIn,
  parseCommands,
  readCommands,
  variableIn,
} from '../../../src/system/process/ps-darwin.ts';
import { macosSample } from '../../fakes/macos-samples.ts';
import { playProgram } from '../../fakes/played-program.ts';

const ROW = `${process.pid} 1 ${process.pid} S+ 101232 0:44.10 Mon Jan  5 09:15:00 2026    \n`;
const TABLE = macosSample('ps-table.txt');
const MARKED = macosSample('ps-environment.txt');
const OURS = '  {pid} {uid} ??  node /x/cli.js run\n';

describe('the table', () => {
  test('is asked in numbers, and read from a sample', async () => {
    const { asked } = playProgram('ps', { stdout: TABLE + ROW });
    const rows = await darwin.readTable();
    expect(asked()).toEqual(['C -A -ww -o pid=,ppid=,pgid=,stat=,rss=,time=,lstart=']);
    expect(rows.map(({ pid }) => pid)).toEqual([1, 512, 4711, 4712, 4713, 99_998, 600, process.pid]);
    expect(rows.map(({ state }) => state === 'zombie')).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(rows[4]).toMatchObject({ cpuSeconds: 74_096.78, startToken: 'Fri Jan 30 23:59:59 2026' });
  });

  test.each([
    ['nothing at all', ''],
    ['everybody but us', TABLE],
    ['its last line cut off', TABLE + ROW.slice(0, 20)],
    ['a column more', `${ROW.trimEnd()} x\n`],
    ['a column less', ROW.replace('101232 ', '')],
    ['its columns in another order', ROW.replace('S+ 101232', '101232 S+')],
    ['a heading only', 'PID PPID PGID STAT RSS TIME STARTED\n'],
  ])('that shows %s proves nothing, although ps exits with 0', async (_, stdout) => {
    playProgram('ps', { stdout });
    await expect(darwin.readTable()).rejects.toThrow(/ps (?:printed a table without this|was cut off)/u);
    await expect(darwin.readRows([1])).rejects.toThrow('ps');
    expect(darwin.readRow(process.pid)).toBeUndefined();
  });

  test('in the language of somebody is still a table, with start times of its own', () => {
    const rows = darwin.parseTable(macosSample('ps-lstart-de.txt'));
    expect(rows.map(({ pid, cpuSeconds }) => ({ pid, cpuSeconds }))).toEqual([
      { pid: 4711, cpuSeconds: null },
      { pid: 4712, cpuSeconds: 44.1 },
    ]);
  });

  test('does not change with the order of its rows, and leaves out a row that lacks something', () => {
    const lines = TABLE.trimEnd().split('\n');
    const inOrder = darwin.parseTable(TABLE);
    expect(darwin.parseTable(lines.toReversed().join('\n'))).toEqual(inOrder.toReversed());
    for (const [index, line] of lines.entries()) {
      const cut = lines.with(index, line.trim().split(/\s+/u).slice(0, -1).join(' ')).join('\n');
      expect(darwin.parseTable(cut)).toEqual(inOrder.toSpliced(index, 1));
    }
  });
});

describe('one row', () => {
  test('is null only when ps exits with 1 and says nothing', async () => {
    playProgram('ps', { status: 1 });
    expect(darwin.readRow(99_999)).toBeNull();
    await expect(darwin.readRows([99_999])).rejects.toThrow('ps printed a table without this');
  });

  test.each([
    ['complains', { status: 1, stderr: 'ps: illegal argument\n' }],
    ['fails in its sysctl', { status: 0, stderr: 'ps: Failure calling sysctl\n' }],
    ['shows another process', { stdout: TABLE }],
    ['is killed', { script: 'kill -9 $$' }],
    ['ends otherwise', { status: 2 }],
  ])('is unknown when ps %s', (_, play) => {
    playProgram('ps', play);
    expect(darwin.readRow(99_999)).toBeUndefined();
  });

  test('and several are read by one ps', async () => {
    const { asked } = playProgram('ps', { stdout: TABLE + ROW });
    expect((await darwin.readRows([4711, 4713, 5])).map(({ pid }) => pid)).toEqual([4711, 4713]);
    expect(asked()).toEqual([expect.stringContaining(` -p 4711,4713,5,${process.pid}`)]);
    expect(await darwin.readRows([])).toEqual([]);
  });
});

describe('command lines', () => {
  test('are asked in UTF-8: in any other locale ps writes é as M-CM-)', async () => {
    const { asked } = playProgram('ps', { stdout: OURS + macosSample('ps-command-utf8.txt') });
    expect((await readCommands()).map(({ pid }) => pid)).toEqual([
      process.pid,
      430,
      431,
      432,
      433,
      434,
      435,
      436,
    ]);
    expect(await darwin.readCommand(431)).toMatch(/^node \/Users\/josé\//u);
    expect(await darwin.readCommand(437)).toBeNull();
    expect(asked()).toEqual([
      'en_US.UTF-8 -A -ww -o pid=,uid=,tty=,command=',
      'en_US.UTF-8 -ww -o pid=,uid=,tty=,command= -p 431',
      'en_US.UTF-8 -ww -o pid=,uid=,tty=,command= -p 437',
    ]);
    const [garbled] = parseCommands(macosSample('ps-command-c-locale.txt'));
    expect(garbled?.command).toContain('josM-CM-)');
  });

  test('come in NFC, whichever form the name on disk has', () => {
    const decomposed = macosSample('ps-command-utf8.txt').normalize('NFD');
    expect(parseCommands(decomposed)).toEqual(parseCommands(macosSample('ps-command-utf8.txt')));
  });

  test.each([
    ['nothing', ''],
    ['nobody who is us', macosSample('ps-command-utf8.txt')],
    ['a line that is cut off', OURS.trimEnd()],
  ])('of a ps that shows %s are an error', async (_, stdout) => {
    playProgram('ps', { stdout });
    await expect(readCommands()).rejects.toThrow('ps');
    await expect(darwin.readMarks(RUN_MARKER)).rejects.toThrow('ps');
  });
});

describe('pathsIn()', () => {
  const inUse = (
    trace: string,
    folder = '/Users/josé/.mcp-watchdog/servers',
    flags: 'gu' | 'giu' = 'giu',
  ) => [...pathsIn([trace], [folder], flags)];

  test.each([
    ['as one character', 'node /Users/josé/.mcp-watchdog/servers/x/1.0.0/i.js'],
    ['as two characters', 'node /Users/josé/.mcp-watchdog/servers/x/1.0.0/i.js'.normalize('NFD')],
    ['in a url', 'node --import=file:///Users/jos%C3%A9/.mcp-watchdog/servers/x/1.0.0/i.js'],
    ['in other letters, as the file system allows', 'node /users/josé/.mcp-watchdog/servers/x/1.0.0/i.js'],
  ])('finds a version below a home with é %s', (_, trace) => {
    expect(inUse(trace)).toEqual(['x/1.0.0/i.js']);
    expect(inUse(trace, '/Users/josé/.mcp-watchdog/servers'.normalize('NFD'))).toEqual(['x/1.0.0/i.js']);
  });

  test('tells letters apart where the file system does, and folders whose names only begin alike', () => {
    expect(inUse('/users/josé/.mcp-watchdog/servers/x', undefined, 'gu')).toEqual([]);
    expect(inUse('/Users/josé/.mcp-watchdog/servers2/x')).toEqual([]);
    expect(inUse('/Users/josé/Xmcp-watchdog/servers/x')).toEqual([]);
    expect(inUse('100% of %ff%zz')).toEqual([]);
  });
});

describe('environments', () => {
  test('are asked with -E, and show the mark of this user only, ours left out', async () => {
    const { asked } = playProgram('ps', {
      stdout: `${OURS}${MARKED}  900 ${process.getuid!() + 1} ?? node x ${RUN_MARKER}=1.a.b/c/1\n`,
    });
    expect(await darwin.readMarks(RUN_MARKER)).toEqual(
      new Map([[431, '512.Mon%20Jan%205%2007%3A02%3A11%202026.1a2b/files/3']]),
    );
    expect(asked()).toEqual(['en_US.UTF-8 -A -E -ww -o pid=,uid=,tty=,command=']);
  });

  it.each([
    ['node x A=1 B=2', '1'],
    ['node x B=2 A=1', '1'],
    ['node x A=1 A=1', '1'],
    ['node x A=1 B=a A=2', null],
    ['node xA=1', null],
    ['node x AA=1', null],
    ['node x A=', ''],
    ['node x', null],
  ])('in %j: A is %j', (line, value) => expect(variableIn(line, 'A')).toBe(value));

  test('are what follows the command line, if it is still the same one', () => {
    const command = 'node /x y=z.js --port=1';
    const line = `${command} HOME=/Users/me SPACED=a b c T=x=y`;
    expect(environmentIn(line, command)).toEqual(
      new Map([
        ['HOME', '/Users/me'],
        ['SPACED', 'a b c'],
        ['T', 'x=y'],
      ]),
    );
    expect(environmentIn(line, 'other')).toEqual(new Map());
    expect(environmentIn(command, command)).toEqual(new Map());
  });
});
