import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isIgnored, watchPaths } from '../../../src/system/files/watch-paths.ts';
import { type Clock, systemClock } from '../../../src/system/time/clock.ts';
import { waitFor } from '../../fakes/wait-for.ts';

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'watch-paths-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Lets no poll happen: only what the system itself reports is seen. */
const WITHOUT_POLLS: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (delay, wake) => (delay >= 5000 ? () => {} : systemClock.after(delay, wake)),
};

async function watching(folder: string, paths: readonly string[], clock: Clock = systemClock) {
  const reports: (readonly string[])[] = [];
  const tooMany: number[] = [];
  const watch = watchPaths({
    clock,
    paths,
    onChange: (changed) => reports.push(changed.map((path) => path.slice(folder.length + 1))),
    onTooMany: (limit) => tooMany.push(limit),
  });
  onTestFinished(() => watch.stop());
  await watch.begun;
  return { reports, tooMany, stop: () => watch.stop() };
}

describe('watchPaths()', () => {
  test('reports a file that is written or replaced, and a path that appears', async () => {
    const folder = tempFolder();
    const file = join(folder, 'server.js');
    writeFileSync(file, 'one');
    const { reports } = await watching(folder, [file, join(folder, 'later.json')]);
    writeFileSync(file, 'two, longer');
    await waitFor(() => reports.length === 1);
    writeFileSync(`${file}.tmp`, 'three');
    renameSync(`${file}.tmp`, file);
    await waitFor(() => reports.length === 2);
    writeFileSync(join(folder, 'later.json'), '{}');
    await waitFor(() => reports.length === 3);
    rmSync(file);
    await waitFor(() => reports.length === 4);
    expect(reports).toEqual([['server.js'], ['server.js'], ['later.json'], ['server.js']]);
  });

  test('reports what is written below a folder, in folders that come later too, and many writes once', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'src/deep'), { recursive: true });
    const { reports } = await watching(folder, [join(folder, 'src')]);
    for (const name of ['a.js', 'deep/b.js', 'deep/c.js']) writeFileSync(join(folder, 'src', name), 'x');
    await waitFor(() => reports.length === 1);
    expect(reports).toEqual([['src/a.js', 'src/deep/b.js', 'src/deep/c.js']]);
    mkdirSync(join(folder, 'src/new'));
    writeFileSync(join(folder, 'src/new/d.js'), 'x');
    await waitFor(() => reports.length === 2);
    writeFileSync(join(folder, 'src/new/d.js'), 'xyz');
    await waitFor(() => reports.length === 3);
    expect(reports.slice(1)).toEqual([['src/new/d.js'], ['src/new/d.js']]);
  });

  test('goes on after a build that removes its folder and makes it again, without polling', async () => {
    const folder = tempFolder();
    const build = (text: string): void => {
      rmSync(join(folder, 'dist'), { recursive: true, force: true });
      mkdirSync(join(folder, 'dist/lib'), { recursive: true });
      writeFileSync(join(folder, 'dist/lib/server.js'), text);
    };
    build('one');
    const { reports } = await watching(folder, [join(folder, 'dist')], WITHOUT_POLLS);
    for (const [index, text] of ['another', 'a third one', 'a fourth one'].entries()) {
      build(text);
      await waitFor(() => reports.length === index + 1);
    }
    writeFileSync(join(folder, 'dist/lib/server.js'), 'the last');
    await waitFor(() => reports.length === 4);
    expect(reports.every(([first]) => first === 'dist/lib/server.js')).toBe(true);
  });

  test('reports what is written behind a link', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'releases'));
    writeFileSync(join(folder, 'releases/1.js'), 'one');
    symlinkSync(join(folder, 'releases/1.js'), join(folder, 'current.js'));
    const { reports } = await watching(folder, [join(folder, 'current.js')]);
    writeFileSync(join(folder, 'releases/1.js'), 'another');
    await waitFor(() => reports.length === 1);
    expect(reports).toEqual([['current.js']]);
  });

  test('leaves out what nobody means, and reports nothing after its end', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'src/node_modules'), { recursive: true });
    const { reports, stop } = await watching(folder, [join(folder, 'src')]);
    writeFileSync(join(folder, 'src/node_modules/x.js'), 'x');
    writeFileSync(join(folder, 'src/.a.js.swp'), 'x');
    writeFileSync(join(folder, 'src/a.js'), 'x');
    await waitFor(() => reports.length === 1);
    expect(reports).toEqual([['src/a.js']]);
    stop();
    writeFileSync(join(folder, 'src/a.js'), 'another');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(reports).toHaveLength(1);
  });

  test('says once when a folder holds more than anybody means', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'many'));
    for (let index = 0; index < 520; index += 1) mkdirSync(join(folder, 'many', String(index)));
    const { tooMany } = await watching(folder, [join(folder, 'many')]);
    expect(tooMany).toEqual([5000]);
  });
});

test.each(['node_modules', '.git', '__pycache__', 'a.pyc', '.a.swp', 'a~', '.#a', '#a#', '.DS_Store'])(
  'isIgnored(%s)',
  (name) => expect(isIgnored(name)).toBe(true),
);

test.each(['src', '.env', 'server.js', 'a.py', 'dist', '.config'])('not isIgnored(%s)', (name) =>
  expect(isIgnored(name)).toBe(false),
);
