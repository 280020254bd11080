import { describe, expect, test } from 'vitest';
import { createTeardown } from '../../src/daemon/teardown.ts';
import { FakeClock } from '../fakes/clock.ts';

function setUp() {
  const clock = new FakeClock();
  const faults: string[] = [];
  const done: string[] = [];
  const cleanUps = createTeardown({
    clock,
    patience: 1000,
    onFault: (name, error) => faults.push(`${name}: ${String(error)}`),
  });
  return {
    clock,
    faults,
    done,
    cleanUps,
    step: (name: string) => cleanUps.add(name, () => void done.push(name)),
  };
}

describe('createCleanUps()', () => {
  test('undoes last in, first out, once', async () => {
    const { cleanUps, done, step } = setUp();
    step('first');
    step('second');
    await Promise.all([cleanUps.run(), cleanUps.run()]);
    await cleanUps.run();
    expect(done).toEqual(['second', 'first']);
  });

  test('goes on after a step that fails, whichever way', async () => {
    const { cleanUps, done, faults, step } = setUp();
    step('last');
    cleanUps.add('rejects', () => Promise.reject(new Error('broken')));
    cleanUps.add('throws', () => {
      throw new Error('worse');
    });
    await cleanUps.run();
    expect(faults).toEqual(['throws: Error: worse', 'rejects: Error: broken']);
    expect(done).toEqual(['last']);
  });

  test('does not wait for ever', async () => {
    const { clock, cleanUps, done, faults, step } = setUp();
    step('last');
    cleanUps.add('hangs', () => new Promise(() => {}));
    const run = cleanUps.run();
    await clock.advance(1000);
    await run;
    expect(faults).toEqual(['hangs: Error: hangs took longer than 1000 ms']);
    expect(done).toEqual(['last']);
  });

  test('waits longer for a step that says so', async () => {
    const { clock, cleanUps, done, faults } = setUp();
    const slow = () => new Promise<void>((resolve) => clock.after(2500, resolve));
    cleanUps.add(
      'slow',
      () => slow().then(() => void done.push('slow')),
      () => 2000,
    );
    const run = cleanUps.run();
    await clock.advance(2500);
    await run;
    expect({ done, faults }).toEqual({ done: ['slow'], faults: [] });
  });
});
