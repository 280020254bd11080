import { describe, expect, test } from 'vitest';
import { createTeardown } from '../../src/daemon/teardown.ts';
import { FakeClock } from '../fakes/clock.ts';

function setUp() {
  const clock = new FakeClock();
  const faults: string[] = [];
  const done: string[] = [];
  const teardown = createTeardown({
    clock,
    timeout: 1000,
    onFault: (name, error) => faults.push(`${name}: ${String(error)}`),
  });
  return {
    clock,
    faults,
    done,
    teardown,
    step: (name: string) => teardown.add(name, () => void done.push(name)),
  };
}

describe('createCleanUps()', () => {
  test('undoes last in, first out, once', async () => {
    const { teardown, done, step } = setUp();
    step('first');
    step('second');
    await Promise.all([teardown.run(), teardown.run()]);
    await teardown.run();
    expect(done).toEqual(['second', 'first']);
  });

  test('goes on after a step that fails, whichever way', async () => {
    const { teardown, done, faults, step } = setUp();
    step('last');
    teardown.add('rejects', () => Promise.reject(new Error('broken')));
    teardown.add('throws', () => {
      throw new Error('worse');
    });
    await teardown.run();
    expect(faults).toEqual(['throws: Error: worse', 'rejects: Error: broken']);
    expect(done).toEqual(['last']);
  });

  test('does not wait for ever', async () => {
    const { clock, teardown, done, faults, step } = setUp();
    step('last');
    teardown.add('hangs', () => new Promise(() => {}));
    const run = teardown.run();
    await clock.advance(1000);
    await run;
    expect(faults).toEqual(['hangs: Error: hangs took longer than 1000 ms']);
    expect(done).toEqual(['last']);
  });

  test('waits longer for a step that says so', async () => {
    const { clock, teardown, done, faults } = setUp();
    const slow = () => new Promise<void>((resolve) => clock.after(2500, resolve));
    teardown.add(
      'slow',
      () => slow().then(() => void done.push('slow')),
      () => 2000,
    );
    const run = teardown.run();
    await clock.advance(2500);
    await run;
    expect({ done, faults }).toEqual({ done: ['slow'], faults: [] });
  });
});
