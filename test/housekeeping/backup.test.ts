// Backups of real files: complete ones, damaged ones, full disks and interrupted restores.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Backup, listBackups, backedUpStateFiles, sealManifest } from '../../src/housekeeping/backup.ts';
import { describeBackup } from '../../src/housekeeping/describe-backup.ts';
import { type BackupRequest, makeBackup } from '../../src/housekeeping/make-backup.ts';
import { copyPath, findBackup, refuseLinks, replaceFiles } from '../../src/housekeeping/restore-backup.ts';
import { type Paths, resolvePaths } from '../../src/system/files/paths.ts';
import { requireThat } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { canMount, mountTinyDisk } from '../fakes/tiny-disk.ts';

const NOW = Date.UTC(2026, 10, 22, 1, 30);
const STATE = '{"version":1,"wishes":{"a":"down"},"servers":{},"counters":1}';

function homeWithFiles(paths: Paths = tempHome()): Paths {
  mkdirSync(paths.run, { recursive: true });
  writeFileSync(paths.config, 'servers: {a: {command: [x], envFile: secrets/a.env}}\n', { mode: 0o600 });
  writeFileSync(paths.state, STATE);
  mkdirSync(join(paths.home, 'secrets'));
  writeFileSync(join(paths.home, 'secrets/a.env'), 'TOKEN=hunter22\n');
  return paths;
}

const orderIn = (paths: Paths, changes: Partial<BackupRequest> = {}): BackupRequest => ({
  paths,
  now: NOW,
  by: 'manual',
  version: '1.2.3',
  additionalFiles: [join(paths.home, 'secrets/a.env')],
  ...changes,
});

function made(paths: Paths, changes: Partial<BackupRequest> = {}): Backup {
  const outcome = makeBackup(orderIn(paths, changes));
  if (outcome.kind !== 'made') throw new Error(outcome.kind);
  return outcome.backup;
}

describe('makeBackup()', () => {
  test('copies config, state and what the config reads, for nobody else to see', () => {
    const paths = homeWithFiles();
    mkdirSync(join(paths.servers, 'a'));
    symlinkSync('versions/4.1.1', join(paths.servers, 'a/current'));
    const { folder, manifest, damage } = made(paths);
    expect(damage).toBeNull();
    expect(manifest).toMatchObject({
      by: 'manual',
      watchdog: '1.2.3',
      packages: { a: '4.1.1' },
      createdAt: NOW,
    });
    expect(readFileSync(join(folder, 'files/secrets/a.env'), 'utf8')).toBe('TOKEN=hunter22\n');
    expect(readFileSync(join(folder, 'files/run/state.json'), 'utf8')).toBe(STATE);
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const stats = statSync(join(folder, name));
      expect(stats.mode & 0o777, name).toBe(stats.isDirectory() ? 0o700 : 0o600);
    }
    expect(statSync(paths.backups).mode & 0o777).toBe(0o700);
  });

  test('leaves out what lies outside the home or is not there, and says so', () => {
    const paths = homeWithFiles();
    rmSync(paths.state);
    const besides = ['/etc/hostname', join(paths.home, 'gone.env'), paths.config];
    const outcome = makeBackup(orderIn(paths, { additionalFiles: besides }));
    expect(outcome).toMatchObject({ kind: 'made', missing: ['/etc/hostname', join(paths.home, 'gone.env')] });
    expect(describeBackup(outcome, NOW)).toMatch(
      /^backed up 1 file, .* as 20261122T013000000Z-\w{6}; missing: \/etc/,
    );
  });

  test('makes none where there is nothing', () => {
    expect(makeBackup(orderIn(tempHome(), { additionalFiles: [] }))).toEqual({ kind: 'nothing' });
  });

  test('makes none of what nobody changed, whatever was counted meanwhile', () => {
    const paths = homeWithFiles();
    const first = made(paths);
    const order = orderIn(paths, { by: 'schedule', skipUnchanged: true, now: NOW + 86_400_000 * 3 });
    writeFileSync(paths.state, STATE.replace('"counters":1', '"counters":2'));
    const outcome = makeBackup(order);
    expect(outcome).toMatchObject({ kind: 'unchanged', since: { id: first.id } });
    expect(describeBackup(outcome, order.now)).toBe(`nothing changed since ${first.id}, 3 d ago`);
    writeFileSync(paths.state, STATE.replace('down', 'up'));
    expect(makeBackup(order).kind).toBe('made');
    writeFileSync(join(paths.home, 'secrets/a.env'), 'TOKEN=other\n');
    expect(makeBackup(order).kind).toBe('made');
    expect(makeBackup({ ...order, skipUnchanged: false }).kind).toBe('made');
  });

  test('a damaged one is no reason not to make another', () => {
    const paths = homeWithFiles();
    const { folder } = made(paths);
    writeFileSync(join(folder, 'files/config.yaml'), 'x');
    expect(makeBackup(orderIn(paths, { skipUnchanged: true })).kind).toBe('made');
  });

  describe.skipIf(!requireThat('the right to mount', canMount()))('on a full disk', () => {
    test('leaves nothing half done, and the older ones as they were', () => {
      const disk = mountTinyDisk('200k');
      onTestFinished(() => disk?.remove());
      const paths = homeWithFiles(resolvePaths(disk?.folder));
      const first = made(paths);
      writeFileSync(join(paths.home, 'secrets/a.env'), 'x'.repeat(90_000));
      expect(() => makeBackup(orderIn(paths))).toThrow(/Cannot make a backup in .*ENOSPC/);
      expect(readdirSync(paths.backups)).toEqual([first.id]);
      expect(listBackups(paths)).toMatchObject([{ id: first.id, damage: null }]);
    });

    test('names a read-only file system and its cure, also before the first backup', () => {
      const disk = mountTinyDisk('200k');
      onTestFinished(() => disk?.remove());
      const paths = homeWithFiles(resolvePaths(disk?.folder));
      execFileSync('mount', ['-o', 'remount,ro', paths.home]);
      expect(() => makeBackup(orderIn(paths))).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/^Cannot make a backup in .*: EROFS: /u),
          hint: expect.stringContaining('then remount it'),
        }),
      );
    });
  });
});

describe('listBackups()', () => {
  test('is empty without any, and newest first', () => {
    const paths = homeWithFiles();
    expect(listBackups(paths)).toEqual([]);
    const ids = [NOW, NOW + 1000, NOW + 2000].map((now) => made(paths, { now }).id);
    mkdirSync(join(paths.backups, 'mine'));
    expect(listBackups(paths).map(({ id }) => id)).toEqual(ids.toReversed());
    expect(backedUpStateFiles(paths)[0]).toContain(ids[2]);
  });

  const damages: readonly [string, string, (folder: string) => void][] = [
    [
      'a changed file',
      'its config.yaml is not what',
      (f) => writeFileSync(join(f, 'files/config.yaml'), 'x'),
    ],
    ['a missing file', 'its run/state.json is missing', (f) => rmSync(join(f, 'files/run/state.json'))],
    [
      'a link in place of a file',
      'is missing',
      (f) => {
        renameSync(join(f, 'files/config.yaml'), join(f, 'elsewhere'));
        symlinkSync(join(f, 'elsewhere'), join(f, 'files/config.yaml'));
      },
    ],
    ['no manifest', 'cannot be read', (f) => rmSync(join(f, 'manifest.json'))],
    ['half a manifest', 'is not JSON', (f) => writeFileSync(join(f, 'manifest.json'), '{"version":1,')],
    [
      'another manifest',
      'is not one of this release',
      (f) => writeFileSync(join(f, 'manifest.json'), '{"version":2}'),
    ],
    [
      'a changed manifest',
      'was changed',
      (f) => {
        const text = readFileSync(join(f, 'manifest.json'), 'utf8');
        writeFileSync(join(f, 'manifest.json'), text.replace('1.2.3', '1.2.4'));
      },
    ],
  ];
  test.each(damages)('calls one with %s damaged, and restore refuses it', (_, words, damage) => {
    const paths = homeWithFiles();
    const { id, folder } = made(paths);
    damage(folder);
    expect(listBackups(paths)).toMatchObject([{ id, damage: expect.stringContaining(words) }]);
    expect(() => findBackup(paths, id)).toThrow(`Cannot restore ${id}`);
  });

  test.each(['../outside', '/etc/passwd', 'a/../../b', 'run/processes.json', 'run/lock/1', '', 'a//b', '.'])(
    'believes no manifest that names %j',
    (path) => {
      const paths = homeWithFiles();
      const { folder, manifest } = made(paths);
      if (manifest === null) throw new Error('no manifest');
      writeFileSync(
        join(folder, 'manifest.json'),
        sealManifest({ ...manifest, files: [{ path, sha256: '', bytes: 0 }] }),
      );
      expect(listBackups(paths)[0]?.damage).toContain('not one of this release');
    },
  );
});

describe('a restore', () => {
  test('brings every file back, and leaves what the backup does not have', () => {
    const paths = homeWithFiles();
    const { id } = made(paths);
    writeFileSync(paths.config, 'servers: {}\n');
    chmodSync(paths.config, 0o644);
    rmSync(join(paths.home, 'secrets'), { recursive: true });
    writeFileSync(join(paths.home, 'other.env'), 'kept');
    const backup = findBackup(paths, 'latest');
    expect(backup.id).toBe(id);
    refuseLinks(backup, paths);
    expect(replaceFiles(backup, paths)).toEqual(['secrets/a.env', 'run/state.json', 'config.yaml']);
    expect(readFileSync(paths.config, 'utf8')).toContain('envFile');
    expect(statSync(paths.config).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(paths.home, 'secrets/a.env'), 'utf8')).toBe('TOKEN=hunter22\n');
    expect(readFileSync(join(paths.home, 'other.env'), 'utf8')).toBe('kept');
    expect(copyPath(backup, paths, paths.config)).toContain(id);
    expect(copyPath(backup, paths, '/etc/passwd')).toBeNull();
  });

  test('knows the nearest id, and that there is none', () => {
    const paths = homeWithFiles();
    expect(() => findBackup(paths, 'latest')).toThrow('there is no such backup');
    const { id } = made(paths);
    expect(() => findBackup(paths, `${id.slice(0, -1)}z`)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(id) }),
    );
  });

  test('refuses a link in its way, wherever it leads', () => {
    const paths = homeWithFiles();
    const backup = findBackup(paths, made(paths).id);
    renameSync(join(paths.home, 'secrets'), join(paths.home, 'moved'));
    symlinkSync(join(paths.home, 'moved'), join(paths.home, 'secrets'));
    expect(() => refuseLinks(backup, paths)).toThrow(/secrets is a link/);
  });

  test('that is killed anywhere leaves of each file the old or the new one', { timeout: 60_000 }, () => {
    const paths = homeWithFiles();
    const { id } = made(paths);
    const oldOnes = { config: 'servers: {}\n', state: STATE.replace('down', 'up'), env: 'TOKEN=old\n' };
    const program = join(import.meta.dirname, '../fixtures/restore-and-die.mjs');
    const seen = new Set<string>();
    for (let survivors = 0; survivors <= 3; survivors += 1) {
      writeFileSync(paths.config, oldOnes.config);
      writeFileSync(paths.state, oldOnes.state);
      writeFileSync(join(paths.home, 'secrets/a.env'), oldOnes.env);
      const { signal } = spawnSync(process.execPath, [program, paths.home, id, String(survivors)]);
      expect(signal).toBe(survivors < 3 ? 'SIGKILL' : null);
      const now = [paths.config, paths.state, join(paths.home, 'secrets/a.env')].map((file) =>
        readFileSync(file, 'utf8'),
      );
      const isNew = now.map((text, index) => text !== Object.values(oldOnes)[index]);
      expect(isNew.filter(Boolean)).toHaveLength(survivors);
      for (const [index, text] of now.entries())
        if (isNew[index] === true)
          expect(
            ['config.yaml', 'run/state.json', 'secrets/a.env'].map((path) =>
              readFileSync(join(paths.backups, id, 'files', path), 'utf8'),
            ),
          ).toContain(text);
      seen.add(isNew.join());
    }
    expect(seen.size).toBe(4);
    expect(existsSync(paths.config)).toBe(true);
  });
});
