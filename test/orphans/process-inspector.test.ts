// What the systems print, read without them: macOS' tools from samples, Linux' tables from their documented form.
import { describe, expect, it, test } from 'vitest';
import type { ProcessRow } from '../../src/core/lifecycle/process-tree.ts';
import { RUN_MARKER } from '../../src/core/lifecycle/run-marker.ts';
import { programOf } from '../../src/core/orphans/server-program.ts';
import {
  argumentsIn,
  darwin,
  type DarwinTools,
  parseInput,
  parseJobs,
  parseSockets,
} from '../../src/orphans/process-inspector-darwin.ts';
import { isServiceUnit } from '../../src/orphans/process-inspector-linux.ts';
import { socketPeerState } from '../../src/orphans/stdin-peer-linux.ts';
import { parseCommands } from '../../src/system/process/ps-darwin.ts';
import { macosSample } from '../fakes/macos-samples.ts';

const row = (pid: number, ppid: number, pgid = pid): ProcessRow => ({
  pid,
  ppid,
  pgid,
  state: 'alive',
  startToken: 'Sun Nov 22 09:00:00 2026',
  residentBytes: 1,
  cpuSeconds: 0,
  threads: null,
});

const read: DarwinTools['readCommands'] = (options) =>
  Promise.resolve(
    parseCommands(
      macosSample(options?.withEnvironment === true ? 'ps-environment.txt' : 'ps-command-utf8.txt'),
    ),
  );

describe("macOS' tools", () => {
  const look = darwin({
    readCommands: read,
    isFile: (path) => path.endsWith('Claude Extensions/example/server/index.js'),
    run: (file, [, , , , ...more]) =>
      Promise.resolve(
        file === 'launchctl' ? 'PID\tStatus\tLabel\n432\t0\tcom.x\n-\t0\tcom.y\n' : more.join(' '),
      ),
    now: () => Date.UTC(2026, 10, 22, 9, 5),
  });
  const scene = { rows: [], commands: new Map() };

  test('tell the commands of this user, terminals, ages and jobs', async () => {
    const commands = await look.readCommands([]);
    expect([...commands.keys()]).toEqual([430, 431, 432, 433, 434, 435, 436]);
    expect(commands.get(433)).toEqual(['npm', 'exec', 'mcp-remote', 'https://example.com/mcp']);
    expect(look.ageOf(row(431, 1))).toBe(300_000);
    expect(look.parentOf(row(431, 1), scene)).toBe('init');
    expect(look.parentOf(row(431, 77), scene)).toBe('own');
    expect(await look.sessionFactsOf(row(431, 1, 400), scene)).toEqual({
      isService: false,
      leadsSession: false,
      terminal: 'alive',
    });
    expect(await look.sessionFactsOf(row(432, 1), scene)).toMatchObject({
      isService: true,
      terminal: 'none',
    });
  });

  test('tell what started it, by its environment', async () => {
    await look.readCommands([]);
    expect(look.environmentOf(431).get(RUN_MARKER)).toMatch(/^512\.Mon%20Jan/u);
    expect(look.environmentOf(431).get('npm_lifecycle_event')).toBe('npx');
    expect(look.environmentOf(432).get('MCP_TRANSPORT')).toBe('http');
    expect(look.environmentOf(434)).toEqual(new Map());
    expect(look.environmentOf(1)).toEqual(new Map());
  });

  test('tell a program below a folder with a space in its name', async () => {
    const argv = (await look.readCommands([])).get(432) ?? [];
    expect(argv[1]).toBe(
      '/Users/me/Library/Application Support/Claude/Claude Extensions/example/server/index.js',
    );
    expect(programOf(argv)).toMatchObject({ names: ['index'], rest: [] });
  });

  test.each([
    ['/a b/c --x', ['/a b/c'], ['/a b/c', '--x']],
    ['/a b/c d', ['/a', '/a b/c'], ['/a', 'b/c', 'd']],
    ['/a b /c', ['/a b /c'], ['/a', 'b', '/c']],
    ['node /x y', [], ['node', '/x', 'y']],
    ['  node   x  ', [], ['node', 'x']],
    ['/a', [], ['/a']],
    [`/a ${'b '.repeat(40)}`, [`/a ${'b '.repeat(39)}b`], ['/a', ...Array<string>(40).fill('b')]],
  ])('split %j where %j are files', (command, files, argv) =>
    expect(argumentsIn(command, (path) => files.includes(path))).toEqual(argv),
  );

  test('that do not answer leave everything open', async () => {
    const deaf = darwin({
      run: () => Promise.resolve(null),
      readCommands: () => Promise.reject(new Error('no ps')),
    });
    expect(await deaf.readCommands([])).toEqual(new Map());
    expect(await deaf.sessionFactsOf(row(9, 1), scene)).toMatchObject({ isService: true });
    expect(await deaf.sessionFactsOf(row(9, 1, 8), scene)).toMatchObject({ isService: false });
    expect(await deaf.channelsOf(9, new Set(), scene)).toMatchObject({
      input: 'unknown',
      listens: null,
      isUsed: null,
    });
  });

  it.each([
    ['p9\nf0\ntunix\nn->0xabc\n', 'held'],
    ['p9\nf0\ntunix\nn->(none)\n', 'gone'],
    ['p9\nf0\ntunix\nn/tmp/x.sock\n', 'unknown'],
    ['p9\nf0\ntPIPE\nn->0xabc\n', 'unknown'],
    ['p9\nf0\ntPIPE\n', 'unknown'],
    ['p9\nf0\ntCHR\nn/dev/null\n', 'null'],
    ['p9\nf0\ntCHR\nn/dev/ttys001\n', 'held'],
    ['', 'unknown'],
  ])('says with %j that its input is %s', (text, input) => expect(parseInput(text)).toBe(input));

  test.each([
    ['lsof-fd0-null.txt', 'null'],
    ['lsof-fd0-pipe-closed.txt', 'unknown'],
    ['lsof-fd0-socketpair-closed.txt', 'gone'],
    ['lsof-fd0-socketpair-held.txt', 'held'],
  ])('recorded as %s: the input is %s', (name, input) => {
    const text = macosSample(name);
    expect(parseInput(text)).toBe(input);
    expect(parseInput(`${text.trimEnd().split('\n').toReversed().join('\n')}\n`)).toBe(input);
    expect(parseInput(text.replace('f0\n', 'f0\naw\nlx\n'))).toBe(input);
    // Cut off: no proof of anything.
    for (let end = 0; end < text.length; end += 1)
      if (text.charAt(end - 1) !== '\n') expect(parseInput(text.slice(0, end))).toBe('unknown');
  });

  test('recorded, say who listens and who is connected', () => {
    expect(parseSockets(macosSample('lsof-sockets.txt'))).toEqual({ listens: true, isUsed: true });
    const v6 = macosSample('lsof-sockets-v6.txt');
    expect(parseSockets(v6)).toEqual({ listens: true, isUsed: false });
    expect(parseSockets(v6.replace('CLOSE_WAIT', 'ESTABLISHED'))).toEqual({ listens: true, isUsed: true });
  });

  test('recorded and changed, say who listens, or that they do not tell', () => {
    const text = macosSample('lsof-sockets.txt');
    const reordered = text.replaceAll(/(TST=\w+\n)(TQR=0\n)(TQS=\d+\n)/gu, '$3$2$1');
    expect(reordered).not.toBe(text);
    expect(parseSockets(reordered)).toEqual({ listens: true, isUsed: true });
    const [head = '', first = '', second = ''] = text.split(/^(?=f)/mu);
    expect(parseSockets(head + second + first)).toEqual({ listens: true, isUsed: true });
    expect(parseSockets(text.replaceAll(/^n/gmu, 'PTCP\nn'))).toEqual({ listens: true, isUsed: true });
    expect(parseSockets(head + second)).toEqual({ listens: false, isUsed: false });
    expect(parseSockets(head + first)).toEqual({ listens: true, isUsed: false });
    expect(parseSockets(text.replaceAll(/^TST.*\n/gmu, ''))).toEqual({ listens: null, isUsed: null });
    expect(parseSockets(text.replace('TST=ESTABLISHED\n', ''))).toEqual({ listens: true, isUsed: null });
    expect(parseSockets(text.trimEnd())).toEqual({ listens: null, isUsed: null });
    expect(parseSockets('')).toEqual({ listens: false, isUsed: false });
  });

  test('say which processes are jobs, or that they do not tell', () => {
    const text = macosSample('launchctl-list.txt');
    const jobs = new Set([4711, 812]);
    expect(parseJobs(text)).toEqual(jobs);
    const [heading = '', ...rows] = text.trimEnd().split('\n');
    expect(parseJobs(`${[heading, ...rows.toReversed()].join('\n')}\n`)).toEqual(jobs);
    expect(parseJobs(text.replaceAll('\t', '    '))).toEqual(jobs);
    for (const unknown of [
      null,
      '',
      text.trimEnd(),
      rows.join('\n'),
      `${heading}\n`,
      text.replace('PID\tStatus\tLabel', 'Label\tPID\tStatus'),
    ])
      expect(parseJobs(unknown)).toBeNull();
  });

  test('say who listens and who is connected', () => {
    const listening = 'p9\nf20\nn127.0.0.1:3000\nTST=LISTEN\nTQR=0\nTQS=0\n';
    expect(parseSockets(listening)).toEqual({ listens: true, isUsed: false });
    const used = `${listening}f21\nn127.0.0.1:3000->127.0.0.1:5000\nTST=ESTABLISHED\n`;
    expect(parseSockets(used)).toEqual({ listens: true, isUsed: true });
    const calling = 'p9\nf20\nn127.0.0.1:5000->127.0.0.1:3000\nTST=ESTABLISHED\n';
    expect(parseSockets(calling)).toEqual({ listens: false, isUsed: false });
  });
});

describe('peerOf()', () => {
  const table = (...rows: string[]) =>
    ['Num       RefCount Protocol Flags    Type St Inode Path', ...rows].join('\n');
  const pair = (inode: number, references: string) =>
    `0000000000000000: ${references} 00000000 00000000 0001 03 ${inode}`;
  const other = pair(1, '00000003');

  it.each([
    ['held', table(other, pair(7, '00000003'))],
    ['held', table(other, pair(7, '00000004'))],
    ['gone', table(other, pair(7, '00000002'))],
    // Where nobody has a peer, references are counted otherwise.
    ['unknown', table(pair(7, '00000002'), pair(8, '00000002'))],
    ['unknown', table(other, '0000000000000000: 00000002 00000000 00010000 0001 01 7 /run/x')],
    ['unknown', table(other)],
    ['unknown', null],
  ])('is %s', (input, text) => expect(socketPeerState('7', text)).toBe(input));
});

it.each([
  ['cron.service', true],
  ['mcp-server.service', true],
  ['app-org.kde.konsole@1.service', false],
  ['user@1000.service', false],
  ['vte-spawn-1.scope', false],
  ['session-2.scope', false],
  [null, false],
])('the unit %s is a service: %s', (unit, is) => expect(isServiceUnit(unit)).toBe(is));
