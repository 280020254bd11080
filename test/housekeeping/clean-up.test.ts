// Cleanup of real files of every kind and age: what is removed, what stays, and nothing outside the home.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeCleanup } from '../../src/core/model/cleanup-report.ts';
import { cleanUp } from '../../src/housekeeping/clean-up.ts';
import { DAY, untidyHome } from '../fakes/rubbish.ts';

const HOUR = 3_600_000;
const paths = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path).sort();

describe('logs and journal', () => {
  test('go beyond what each server, the daemon and the journal keep', async () => {
    const home = untidyHome();
    for (const name of ['a.log', 'a.log.1', 'a.log.2', 'a.log.3', 'a.log.x', 'a.log.4.gz', 'notes.txt'])
      home.file(`logs/servers/${name}`);
    for (const age of ['', '.1', '.5', '.6', '.17']) {
      home.file(`logs/watchdog.log${age}`);
      home.file(`journal/events.jsonl${age}`);
    }
    home.file('logs/start.log', { age: 90 * DAY });
    const report = await cleanUp(home.facts({ servers: new Map([['a', 2]]) }));
    expect(paths(report.removed)).toEqual([
      'journal/events.jsonl.17',
      'journal/events.jsonl.6',
      'logs/servers/a.log.3',
      'logs/watchdog.log.17',
      'logs/watchdog.log.6',
    ]);
    expect(report.freed).toBe(50);
    expect(home.files()).toEqual(
      expect.arrayContaining(['logs/servers/notes.txt', 'logs/servers/a.log.4.gz']),
    );
    expect(describeCleanup(report)).toBe('freed 0 KiB: 3 rotated logs, 2 old journals');
  });

  test('of a server that is no longer configured wait 30 days', async () => {
    const home = untidyHome();
    home.file('logs/servers/gone.log', { age: 31 * DAY });
    home.file('logs/servers/gone.log.1', { age: 60 * DAY });
    home.file('logs/servers/fresh.log', { age: 29 * DAY });
    home.file('logs/servers/busy.log', { age: 60 * DAY });
    home.file('logs/servers/a.log', { age: 60 * DAY });
    const facts = { servers: new Map([['a', 5]]), running: new Set(['busy']) };
    const report = await cleanUp(home.facts(facts));
    expect(paths(report.removed)).toEqual(['logs/servers/gone.log', 'logs/servers/gone.log.1']);
    expect(new Set(report.removed.map(({ kind }) => kind))).toEqual(new Set(['old_log']));
  });

  test('of nobody are forgotten while the config cannot be read', async () => {
    const home = untidyHome();
    home.file('logs/servers/gone.log', { age: 90 * DAY });
    home.file('logs/servers/gone.log.6', { age: 90 * DAY });
    const report = await cleanUp(home.facts({ servers: null }));
    expect(paths(report.removed)).toEqual(['logs/servers/gone.log.6']);
  });
});

describe('versions', () => {
  function withVersions() {
    const home = untidyHome();
    for (const [index, version] of ['1.0.0', '1.1.0', '1.2.0', '1.2.0-beta.1', '2.0.0'].entries())
      home.version('a', version, (10 - index) * DAY);
    home.current('a', '1.1.0');
    return home;
  }
  const servers = new Map([['a', 5]]);
  const left = (home: ReturnType<typeof untidyHome>): string[] =>
    readdirSync(join(home.paths.servers, 'a/versions')).sort();

  test('go, but for the current one and the two installed last', async () => {
    const home = withVersions();
    const report = await cleanUp(home.facts({ servers }));
    expect(paths(report.removed)).toEqual(['servers/a/versions/1.0.0', 'servers/a/versions/1.2.0']);
    expect(left(home)).toEqual(['1.1.0', '1.2.0-beta.1', '2.0.0']);
    expect(report.freed).toBe(2000);
    expect(describeCleanup(report)).toBe('freed 2 KiB: 2 old versions');
  });

  test.each([
    ['the one before, in place of the newest but one', ['1.0.0'], ['1.0.0', '2.0.0']],
    ['the two of an update, and then no other', ['1.0.0', '1.2.0'], ['1.0.0', '1.2.0']],
    ['all that is asked for', ['1.0.0', '1.2.0', '2.0.0'], ['1.0.0', '1.2.0', '2.0.0']],
    [
      'what is current anyway, and a version that is not there',
      ['1.1.0', '9.9.9'],
      ['1.2.0-beta.1', '2.0.0'],
    ],
  ])('stay that an update needs: %s', async (_, kept, expected) => {
    const home = withVersions();
    const keep = (server: string) => (version: string) =>
      (server === 'a' ? kept : ['2.0.0']).includes(version);
    await cleanUp(home.facts({ servers, keep }));
    expect(left(home)).toEqual([...expected, '1.1.0'].sort());
  });

  test('stay when an update comes to need one between the look and the removal', async () => {
    const home = withVersions();
    let asked = 0;
    const keep = () => {
      asked += 1;
      const kept = asked === 1 ? [] : ['1.0.0'];
      return (version: string) => kept.includes(version);
    };
    const report = await cleanUp(home.facts({ servers, keep }));
    expect(paths(report.removed)).toEqual(['servers/a/versions/1.2.0']);
    expect(report.spared).toEqual([{ path: 'servers/a/versions/1.0.0', why: 'an update now needs it' }]);
  });

  test('that were installed anew beside a damaged copy stay as well', async () => {
    const home = withVersions();
    home.version('a', '1.0.0~0a1b2c', 20 * DAY);
    await cleanUp(home.facts({ servers, keep: () => (version) => version === '1.0.0' }));
    expect(left(home)).toEqual(['1.0.0', '1.0.0~0a1b2c', '1.1.0']);
  });

  test.each([
    ['its folder', 'a/versions/1.0.0', ['1.0.0']],
    ['a file of it', 'a/versions/1.0.0/node_modules/p/index.js --port 1', ['1.0.0']],
    ['only a version whose name begins like it', 'a/versions/1.2.0-beta.1/x', []],
    ['the current version by its link', 'a/current/node_modules/p/index.js', ['1.0.0', '1.2.0']],
    ['another server', 'b/versions/1.0.0/x', []],
  ])('stay while a process mentions %s', async (_, rest, kept) => {
    const home = withVersions();
    const inUse = () => Promise.resolve(new Set([rest]));
    const report = await cleanUp(home.facts({ servers, inUse }));
    expect(left(home)).toEqual([...kept, '1.1.0', '1.2.0-beta.1', '2.0.0'].sort());
    expect(paths(report.spared)).toEqual(kept.map((version) => `servers/a/versions/${version}`));
  });

  test('stay while their server runs and hides from which version', async () => {
    const home = withVersions();
    const report = await cleanUp(home.facts({ servers, running: new Set(['a']) }));
    expect(report.removed).toEqual([]);
    expect(report.spared[0]?.why).toContain('does not show which version');
  });

  test('stay when a process comes to run from one between the look and the removal', async () => {
    const home = withVersions();
    let looks = 0;
    const inUse = () => Promise.resolve(new Set((looks += 1) === 1 ? [] : ['a/versions/1.0.0/x']));
    const report = await cleanUp(home.facts({ servers, inUse }));
    expect(paths(report.removed)).toEqual(['servers/a/versions/1.2.0']);
    expect(report.spared).toEqual([{ path: 'servers/a/versions/1.0.0', why: 'a process runs from it' }]);
  });

  test('stay all when nobody can say what runs', async () => {
    const home = withVersions();
    home.file('logs/servers/a.log.9');
    const inUse = () => Promise.reject(new Error('no /proc'));
    const report = await cleanUp(home.facts({ servers, inUse }));
    expect(left(home)).toHaveLength(5);
    expect(report.failed).toEqual([{ path: 'servers', why: 'no /proc' }]);
    expect(paths(report.removed)).toEqual(['logs/servers/a.log.9']);
  });

  test('of a server that is no longer configured go all, 30 days after its last line', async () => {
    const home = untidyHome();
    for (const name of ['gone', 'talked', 'runs']) home.version(name, '1.0.0', 40 * DAY);
    home.file('logs/servers/talked.log', { age: 29 * DAY });
    const inUse = () => Promise.resolve(new Set(['runs/versions/1.0.0/x']));
    const report = await cleanUp(home.facts({ inUse }));
    expect(paths(report.removed)).toEqual(['servers/gone/versions/1.0.0']);
    expect(paths(report.spared)).toEqual(['servers/runs/versions/1.0.0']);
  });

  test('are only what the installer made: anything else in their place stays', async () => {
    const home = untidyHome();
    for (const name of ['mine', 'v1', '.hidden', 'node_modules']) {
      home.file(`servers/a/versions/${name}/x`);
      home.date(`servers/a/versions/${name}`, 400 * DAY);
    }
    home.file('servers/a/versions/1.0.0', { age: 400 * DAY });
    home.file('servers/a/state.json', { age: 400 * DAY });
    const report = await cleanUp(home.facts());
    expect(report.removed).toEqual([]);
  });
});

describe('leftovers', () => {
  test('of installations go after an hour, of temporary files after a day', async () => {
    const home = untidyHome();
    for (const [name, age] of [
      ['.tmp-old', 2 * HOUR],
      ['.tmp-new', HOUR / 2],
    ] as const) {
      home.file(`servers/a/versions/${name}/package.json`);
      home.date(`servers/a/versions/${name}`, age);
      home.file(`backups/${name}/manifest.json`);
      home.date(`backups/${name}`, age);
    }
    symlinkSync('versions/1.0.0', join(home.paths.servers, 'a/.tmp-link'));
    home.date('servers/a/.tmp-link', 2 * HOUR);
    for (const name of [
      'config.yaml.12.0123abcd.tmp',
      'run/state.json.12.0123abcd.tmp',
      'run/lock/draft-12-00ff',
    ])
      home.file(name, { age: 2 * DAY });
    home.file('run/processes.json.13.0123abcd.tmp', { age: HOUR });
    home.file('run/state.json.damaged', { age: 31 * DAY });
    for (const name of ['run/state.json', 'run/state.json.bak', 'run/lock/7', 'config.yaml', 'my.tmp'])
      home.file(name, { age: 90 * DAY });
    const report = await cleanUp(home.facts());
    expect(paths(report.removed)).toEqual([
      'backups/.tmp-old',
      'config.yaml.12.0123abcd.tmp',
      'run/lock/draft-12-00ff',
      'run/state.json.12.0123abcd.tmp',
      'run/state.json.damaged',
      'servers/a/.tmp-link',
      'servers/a/versions/.tmp-old',
    ]);
    expect(describeCleanup(report)).toContain('3 unfinished installations');
  });
});

describe('backups', () => {
  test.each([
    [2, 2],
    [0, 1],
  ])('beyond %i go, oldest first, and the newest never', async (backupsKept, expected) => {
    const home = untidyHome();
    const ids = ['01', '02', '03', '04'].map((day) => `202601${day}T000000Z-0123ab`);
    for (const id of ids) home.file(`backups/${id}/manifest.json`);
    home.file('backups/mine/manifest.json');
    const report = await cleanUp(home.facts({ backupsKept }));
    expect(readdirSync(home.paths.backups).sort()).toEqual([...ids.slice(4 - expected), 'mine']);
    expect(describeCleanup(report)).toContain(`${4 - expected} old backups`);
  });
});

describe('cleanUp()', () => {
  test('removes nothing in a dry run, and says the same', async () => {
    const home = untidyHome();
    const facts = home.facts({ servers: new Map([['a', 5]]) });
    home.file('logs/servers/a.log.9', { bytes: 3 * 1024 ** 2 });
    const before = home.files();
    const report = await cleanUp(facts, { dryRun: true });
    expect(home.files()).toEqual(before);
    expect(describeCleanup(report)).toBe('would free 3 MiB: 1 rotated log');
    expect(paths((await cleanUp(facts)).removed)).toEqual(paths(report.removed));
    expect(describeCleanup(await cleanUp(facts))).toBe('nothing to remove');
  });

  test('follows no link out of the home', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'mcpw-outside-'));
    onTestFinished(() => rmSync(outside, { recursive: true }));
    for (const name of ['a.log.9', 'events.jsonl.9', '1.0.0/x', '20260101T000000Z-0123ab/x', '.tmp-1/x']) {
      mkdirSync(join(outside, name, '..'), { recursive: true });
      writeFileSync(join(outside, name), '');
    }
    const before = readdirSync(outside, { recursive: true });
    const home = untidyHome();
    rmSync(home.paths.serverLogs, { recursive: true });
    mkdirSync(join(home.paths.servers, 'a'));
    for (const place of ['logs/servers', 'journal', 'backups', 'servers/a/versions', 'servers/b'])
      symlinkSync(outside, join(home.paths.home, place));
    const report = await cleanUp(home.facts({ now: Date.now() + 400 * DAY, backupsKept: 0 }));
    expect(report).toMatchObject({ removed: [], failed: [] });
    expect(readdirSync(outside, { recursive: true })).toEqual(before);
  });

  test('a link within rubbish goes, what it leads to stays', async () => {
    const home = untidyHome();
    home.file('precious');
    home.file('servers/a/versions/.tmp-1/x');
    symlinkSync(home.paths.home, join(home.paths.servers, 'a/versions/.tmp-1/up'));
    home.date('servers/a/versions/.tmp-1', DAY);
    const report = await cleanUp(home.facts());
    expect(report.freed).toBeLessThan(200);
    expect(home.files()).toEqual(['precious']);
  });

  test('stops between two removals when it is told to', async () => {
    const home = untidyHome();
    home.file('logs/servers/a.log.9');
    const report = await cleanUp(home.facts(), { signal: AbortSignal.abort() });
    expect(report).toMatchObject({ removed: [], failed: [] });
    expect(existsSync(join(home.paths.serverLogs, 'a.log.9'))).toBe(true);
  });

  test('tells what the system does not let it remove, and goes on', async () => {
    const home = untidyHome();
    home.file('logs/servers/a.log.9');
    home.file('journal/events.jsonl.9');
    const report = await withoutRights(home.paths.home, home.paths.serverLogs, () =>
      cleanUp(home.facts({ servers: null })),
    );
    expect(paths(report.failed)).toEqual(['logs/servers/a.log.9']);
    expect(report.failed[0]?.why).toMatch(/EACCES|EPERM/);
    expect(paths(report.removed)).toEqual(['journal/events.jsonl.9']);
    expect(describeCleanup(report)).toBe('freed 0 KiB: 1 old journal; 1 could not be removed');
  });
});

/** Works as the owner of `home` who may not write to `folder`; root, whom nothing binds, becomes nobody for that time. */
async function withoutRights<T>(home: string, folder: string, work: () => Promise<T>): Promise<T> {
  const NOBODY = 65_534;
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    for (const name of ['.', ...readdirSync(home, { recursive: true, encoding: 'utf8' })])
      chownSync(join(home, name), NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
  }
  chmodSync(folder, 0o500);
  try {
    return await work();
  } finally {
    chmodSync(folder, 0o700);
    if (isRoot) process.seteuid?.(0);
  }
}
