import { PassThrough } from 'node:stream';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/core/base/text.ts';
import type { WatchdogEvent } from '../../../src/core/model/events.ts';
import { createServerOutputs } from '../../../src/daemon/servers/server-output.ts';
import { createBus } from '../../../src/system/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { tempHome } from '../../fakes/temp-home.ts';

function outputs() {
  const clock = new FakeClock();
  const bus = createBus(clock, () => expect.unreachable());
  const paths = tempHome();
  const events: WatchdogEvent[] = [];
  bus.subscribe((event) => events.push(event));
  const created = createServerOutputs({
    clock,
    bus,
    paths,
    redactor: createRedactor(),
    onTrouble: () => undefined,
  });
  const forever = new Promise<never>(() => undefined);
  const stdout = new PassThrough();
  created.capture(specOf({ name: 'one' }), 1, {
    pid: 1,
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    exit: forever,
    drained: forever,
    releasePipes: () => undefined,
  });
  const logged = (): string[] => {
    created.flushSync();
    return readFileSync(join(paths.serverLogs, 'one.log'), 'utf8').split('\n').filter(Boolean);
  };
  return { clock, events, stdout, logged, outputs: created };
}

describe('what a stdio server prints beside its messages', () => {
  it('is logged with the limits of stderr: 16 KiB a line, 1 MiB at once; what is dropped is counted and told', async () => {
    const { clock, events, logged, outputs: created } = outputs();
    created.noise('one', Buffer.from(`${'x'.repeat(100_000)}\n`));
    for (let count = 0; count < 200; count += 1)
      created.noise('one', Buffer.from('All work and no play makes a dull server.\n'.repeat(1_000)));
    await clock.advance(2_000);
    const lines = logged();
    expect(lines[1]).toContain(`stdout ${'x'.repeat(16_384)} [83616 more bytes]`);
    expect(lines.filter((line) => line.includes('dull server')).length).toBeLessThan(10_000);
    expect(lines.at(-1)).toMatch(
      /watchdog \d+ lines \(\d+ bytes\) of stdout came too fast and were dropped/u,
    );
    expect(events.filter(({ kind }) => kind === 'log-dropped')).toMatchObject([{ server: 'one' }]);
  });

  it('keeps what was printed last when its stdout ends in a flood', async () => {
    const { stdout, logged, outputs: created } = outputs();
    created.noise('one', Buffer.from('flood\n'.repeat(1_000_000)));
    created.noise('one', Buffer.from('Error: the last word\n'));
    stdout.destroy();
    await new Promise((resolve) => stdout.once('close', resolve));
    expect(logged().at(-1)).toContain('stdout Error: the last word');
    expect(created.latestLine('one')).toMatchObject({ text: '[stdout] Error: the last word' });
  });

  it('is remarked on once a second, however often there is something to say', async () => {
    const { clock, logged, outputs: created } = outputs();
    const refuse = (): void => {
      for (let count = 0; count < 100; count += 1) created.note('one', 'Refused a batch');
    };
    refuse();
    await clock.advance(1_000);
    refuse();
    expect(
      logged()
        .slice(1)
        .map((line) => line.split(' watchdog ')[1]),
    ).toEqual(['Refused a batch', 'Refused a batch (and 99 times something like it)']);
  });
});
