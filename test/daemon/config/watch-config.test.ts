// A config under the hands of editors: written at once, in halves, by renaming, through links, removed and made again.
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { contentFingerprint, statFingerprint } from '../../../src/daemon/config/fingerprint.ts';
import { startConfigWatch } from '../../../src/daemon/config/watch-config.ts';
import { FakeClock, settle } from '../../fakes/clock.ts';
import { tempHome } from '../../fakes/temp-home.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const QUIET = 300;
const STABLE = 2000;
const GLANCE = 5000;

/** `bad` is refused, anything else is taken over; a missing file is refused too. */
async function watching({
  config = join(tempHome().home, 'config.yaml'),
  first = 'one',
  meanwhile = '',
} = {}) {
  if (first !== '') writeFileSync(config, first);
  const clock = new FakeClock();
  const files = [config];
  const told: string[] = [];
  let looks = 0;
  let settled = await contentFingerprint(files);
  if (meanwhile !== '') writeFileSync(config, meanwhile);
  const watch = startConfigWatch({
    clock,
    files: () => files,
    async hasChanged() {
      const seen = await contentFingerprint(files);
      looks += 1;
      return seen !== settled;
    },
    async take(isFinal) {
      const seen = await contentFingerprint(files);
      const text = textOf(config);
      const isGood = text !== null && text !== 'bad';
      if (isGood || isFinal) settled = seen;
      told.push(isGood ? `took ${text}` : `${isFinal ? 'refused' : 'doubted'} ${text ?? 'nothing'}`);
      return isGood;
    },
    onFault: (error) => told.push(String(error)),
  });
  onTestFinished(() => watch.stop());
  // The first glance is over and waits for the next one, and so is the look at what was saved before; the folder is being watched by then.
  await waitFor(() => clock.pending === 2, { what: 'the first glance and the first look' });
  await clock.advance(QUIET);
  await waitFor(() => looks === 1 && clock.pending === 1, { what: 'the first look to be over' });
  await settle();
  return {
    clock,
    config,
    files,
    told,
    stop: () => watch.stop(),
    /** Waits until a change was noticed, then lets the quiet time pass. */
    quiet: () =>
      waitFor(() => clock.pending > 1, { what: 'the change to be noticed' }).then(() => clock.advance(QUIET)),
    said: (...lines: readonly string[]) =>
      waitFor(() => told.length >= lines.length, { what: lines.join(', ') }).then(() =>
        expect(told).toEqual(lines),
      ),
    /** Whatever is under way has ended: only the next glance is due. */
    idle: () => waitFor(() => clock.pending === 1, { what: 'everything to be over' }),
  };
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

describe('startConfigWatch()', () => {
  it('takes what was saved between the first reading and its own beginning', async () => {
    const { said } = await watching({ meanwhile: 'two' });
    await said('took two');
  });

  it('reads a file once it has been left alone', async () => {
    const { clock, config, told, quiet, said } = await watching();
    writeFileSync(config, 'tw');
    await waitFor(() => clock.pending > 1);
    await clock.advance(QUIET - 1);
    expect(told).toEqual([]);
    writeFileSync(config, 'two');
    await quiet();
    await said('took two');
  });

  it('sees a file that is replaced by renaming', async () => {
    const { config, quiet, said, idle } = await watching();
    for (const text of ['two', 'three']) {
      writeFileSync(`${config}~`, text);
      renameSync(`${config}~`, config);
      await quiet();
      await said(...['took two', 'took three'].slice(0, text === 'two' ? 1 : 2));
      await idle();
    }
  });

  it('reads nothing again whose content is the same', async () => {
    const { config, told, quiet, idle } = await watching();
    utimesSync(config, 1, 1);
    await quiet();
    await idle();
    writeFileSync(config, 'one');
    await quiet();
    await idle();
    expect(told).toEqual([]);
  });

  it('gives a file that is half written the time to be finished', async () => {
    const { clock, config, told, quiet, said } = await watching();
    writeFileSync(config, 'bad');
    await quiet();
    await said('doubted bad');
    writeFileSync(config, 'good');
    await clock.advance(STABLE);
    await waitFor(async () => {
      await clock.advance(QUIET);
      return told.length > 1;
    });
    await said('doubted bad', 'took good');
  });

  it('says once that a file is wrong, when it stays so', async () => {
    const { clock, config, told, quiet, said, idle } = await watching();
    writeFileSync(config, 'bad');
    await quiet();
    await said('doubted bad');
    await waitFor(() => clock.pending > 1, { what: 'the doubt' });
    await clock.advance(STABLE);
    await said('doubted bad', 'refused bad');
    await idle();
    await clock.advance(3 * GLANCE);
    expect(told).toHaveLength(2);
  });

  it('says once that a file is gone, and takes it over when it is back', async () => {
    const { clock, config, quiet, said, idle } = await watching();
    unlinkSync(config);
    await quiet();
    await said('doubted nothing');
    await waitFor(() => clock.pending > 1, { what: 'the doubt' });
    await clock.advance(STABLE);
    await said('doubted nothing', 'refused nothing');
    await idle();
    writeFileSync(config, 'two');
    await quiet();
    await said('doubted nothing', 'refused nothing', 'took two');
  });

  it('follows a link to where the config really is, and to where it leads next', async () => {
    const { home } = tempHome();
    for (const folder of ['old', 'new']) mkdirSync(join(home, folder));
    writeFileSync(join(home, 'old', 'real.yaml'), 'one');
    writeFileSync(join(home, 'new', 'real.yaml'), 'three');
    const config = join(home, 'config.yaml');
    symlinkSync(join(home, 'old', 'real.yaml'), config);
    const { quiet, said, idle } = await watching({ config, first: '' });
    writeFileSync(join(home, 'old', 'real.yaml'), 'two');
    await quiet();
    await said('took two');
    await idle();
    symlinkSync(join(home, 'new', 'real.yaml'), `${config}~`);
    renameSync(`${config}~`, config);
    await quiet();
    await said('took two', 'took three');
    await idle();
    writeFileSync(join(home, 'new', 'real.yaml'), 'four');
    await quiet();
    await said('took two', 'took three', 'took four');
  });

  it('notices by glances what the system does not tell: a folder that was made anew', async () => {
    const { home } = tempHome();
    const folder = join(home, 'mounted');
    mkdirSync(folder);
    const config = join(folder, 'config.yaml');
    const { clock, told, said, idle } = await watching({ config });
    renameSync(folder, `${folder}-old`);
    mkdirSync(folder);
    writeFileSync(config, 'two');
    await waitFor(async () => {
      await clock.advance(GLANCE);
      return told.length > 0;
    });
    await said('took two');
    await idle();
    writeFileSync(config, 'three');
    await waitFor(async () => {
      await clock.advance(QUIET);
      return told.length > 1;
    });
    await said('took two', 'took three');
  });

  it('watches the other files that the config names, as of the last reading', async () => {
    const { config, files, quiet, said, idle } = await watching();
    const { home } = tempHome();
    files.push(join(home, 'secrets.env'));
    writeFileSync(config, 'two');
    await quiet();
    await said('took two');
    await idle();
    writeFileSync(join(home, 'secrets.env'), 'KEY=1');
    await quiet();
    await said('took two', 'took two');
  });

  it('is silent once it is stopped', async () => {
    const { clock, config, told, stop } = await watching();
    writeFileSync(config, 'two');
    await waitFor(() => clock.pending > 1);
    stop();
    expect(clock.pending).toBe(0);
    await clock.advance(3 * GLANCE);
    expect(told).toEqual([]);
  });
});

describe('fingerprintOf()', () => {
  it('tells content, permissions and absence apart, and nothing else', async () => {
    const path = join(tempHome().home, 'file');
    const missing = await contentFingerprint([path]);
    writeFileSync(path, 'a', { mode: 0o600 });
    const first = await contentFingerprint([path]);
    utimesSync(path, 1, 1);
    expect(await contentFingerprint([path])).toBe(first);
    chmodSync(path, 0o620);
    const open = await contentFingerprint([path]);
    writeFileSync(path, 'b');
    const other = await contentFingerprint([path]);
    expect(new Set([missing, first, open, other]).size).toBe(4);
    rmSync(path);
    expect(await contentFingerprint([path])).toBe(missing);
  });

  it('does not wait for a folder or a file of any size', async () => {
    const { home } = tempHome();
    writeFileSync(join(home, 'large'), Buffer.alloc(3 * 1024 * 1024));
    expect(await contentFingerprint([home, join(home, 'large')])).toContain('\n');
    expect(await statFingerprint([home])).toMatch(/^\d/);
  });
});
