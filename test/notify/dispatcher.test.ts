// Dispatcher with real programs as channels: notifications in order, one at a time, none delayed by another channel.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChannelSettings, Notification, SendResult } from '../../src/core/model/notification.ts';
import { checkChannels } from '../../src/notify/channel-availability.ts';
import { createDispatcher } from '../../src/notify/dispatcher.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { partsIn, program, single, tempFolder } from './fixtures.ts';

function command(path: string, timeout = 20_000): ChannelSettings {
  return { kind: 'command', command: [path], env: {}, timeout };
}

/** A program that appends what it was told to `<name>.log`, and while `<name>.hold` is there, does not end. */
function teller(
  folder: string,
  name: string,
): { settings: ChannelSettings; log: () => string[]; hold: string } {
  const log = join(folder, `${name}.log`);
  const hold = join(folder, `${name}.hold`);
  const body = `const fs = require('fs');
    const { alerts, kind } = JSON.parse(fs.readFileSync(0, 'utf8'));
    fs.appendFileSync(${JSON.stringify(log)}, (alerts[0]?.server ?? kind) + '\\n');
    const wait = () => { if (fs.existsSync(${JSON.stringify(hold)})) setTimeout(wait, 10); };
    wait();`;
  return {
    settings: command(program(folder, name, body)),
    log: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
    hold,
  };
}

function open(folder: string, settings: readonly ChannelSettings[]) {
  const results: SendResult[] = [];
  const dropped: string[] = [];
  const dispatcher = createDispatcher({
    ...partsIn(folder),
    settings,
    onResult: (_, outcome) => results.push(outcome),
    onDropped: (kind, reason, count) => dropped.push(`${kind} ${reason} ${count}`),
  });
  return { dispatcher, results, dropped };
}

const about = (server: string): Notification => single({ about: server });

describe('createDispatcher()', { timeout: 120_000 }, () => {
  it('gives each channel everything, in order, one at a time', async () => {
    const folder = tempFolder();
    const [one, two] = [teller(folder, 'one'), teller(folder, 'two')];
    const { dispatcher, results } = open(folder, [one.settings, two.settings]);
    for (const server of ['a', 'b', 'c']) dispatcher.send(about(server));
    await dispatcher.close(20_000);
    expect([one.log(), two.log()]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(results.map(({ result }) => result)).toEqual(Array(6).fill('sent'));
  });

  it('lets no slow channel hold up another', async () => {
    const folder = tempFolder();
    const [slow, quick] = [teller(folder, 'slow'), teller(folder, 'quick')];
    writeFileSync(slow.hold, '');
    const { dispatcher, dropped } = open(folder, [slow.settings, quick.settings]);
    dispatcher.send(about('a'));
    dispatcher.send(about('b'));
    await waitFor(() => quick.log().length === 2 && slow.log().length === 1);
    await dispatcher.close(50);
    expect(slow.log()).toEqual(['a']);
    expect(dropped).toEqual(['command shutdown 1']);
  });

  it('keeps the newest of what a channel does not come round to, and counts the rest', async () => {
    const folder = tempFolder();
    const slow = teller(folder, 'slow');
    writeFileSync(slow.hold, '');
    const { dispatcher, dropped } = open(folder, [slow.settings]);
    dispatcher.send(about('first'));
    await waitFor(() => slow.log().length === 1);
    for (let index = 0; index < 25; index += 1) dispatcher.send(about(`s${index}`));
    expect(dropped).toEqual(Array(5).fill('command queue_full 1'));
    await dispatcher.close(50);
    expect(dropped.at(-1)).toBe('command shutdown 20');
  });

  it('ends soon, whatever its channels do, and takes nothing more', async () => {
    const folder = tempFolder();
    const stubborn = program(
      folder,
      'stubborn',
      `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`,
    );
    const { dispatcher, results } = open(folder, [command(stubborn)]);
    dispatcher.send(about('a'));
    const before = performance.now();
    await dispatcher.close(300);
    expect(performance.now() - before).toBeLessThan(15_000);
    expect(results).toMatchObject([{ result: 'failed', reason: 'closed' }]);
    dispatcher.send(about('b'));
    await dispatcher.close(300);
    expect(results).toHaveLength(1);
  });

  it('tries every channel at once, past what waits, and says what became of each', async () => {
    const folder = tempFolder();
    const slow = teller(folder, 'slow');
    writeFileSync(slow.hold, '');
    const { dispatcher, results } = open(folder, [
      command(program(folder, 'fails', 'process.exit(3)')),
      {
        kind: 'webhook',
        url: 'http://127.0.0.1:1/x',
        headers: {},
        secret: null,
        template: null,
        timeout: 5000,
        retries: 9,
      },
      command(program(folder, 'works', '')),
      { kind: 'desktop', program: null, timeout: 5000 },
    ]);
    dispatcher.send(about('a'));
    const reports = await dispatcher.test();
    expect(reports).toMatchObject([
      { kind: 'command', to: 'fails', outcome: { result: 'failed', reason: 'exit_code' }, advice: null },
      { kind: 'webhook', to: '127.0.0.1:1', outcome: { reason: 'refused' } },
      { kind: 'command', to: 'works', outcome: { result: 'sent' }, advice: null },
      { kind: 'desktop', to: 'notify-send', outcome: { reason: 'missing_program' } },
    ]);
    expect(reports[1]?.advice).toContain('online');
    expect(reports[3]?.advice).toContain('libnotify');
    expect(results.length).toBeGreaterThanOrEqual(4);
    await dispatcher.close(0);
  });

  it('changes its channels without losing what the old ones have to say', async () => {
    const folder = tempFolder();
    const [old, young] = [teller(folder, 'old'), teller(folder, 'young')];
    const { dispatcher } = open(folder, [old.settings]);
    dispatcher.send(about('a'));
    dispatcher.replace([young.settings, { kind: 'desktop', program: null, timeout: 5000 }]);
    expect(dispatcher.kinds()).toEqual(['command', 'desktop']);
    dispatcher.send(about('b'));
    await dispatcher.close(20_000);
    expect([old.log(), young.log()]).toEqual([['a'], ['b']]);
  });

  it('survives a channel whose program the system refuses even to look at', async () => {
    const folder = tempFolder();
    const { dispatcher, results } = open(folder, [command('/bad\0path')]);
    dispatcher.send(about('a'));
    dispatcher.send(about('b'));
    await waitFor(() => results.length === 2);
    for (const outcome of results)
      expect(outcome).toMatchObject({ result: 'failed', reason: 'missing_program' });
    await dispatcher.close(1000);
  });
});

describe('availability()', () => {
  it('says of each channel whether it could work, without sending anything', async () => {
    const folder = tempFolder();
    const works = teller(folder, 'works');
    const found = await checkChannels(
      [works.settings, command('/nowhere/tell'), { kind: 'desktop', program: null, timeout: 5000 }],
      partsIn(folder),
    );
    expect(found).toEqual([
      { kind: 'command', to: 'works', ok: true, reason: null, cure: null },
      { kind: 'command', to: 'tell', ok: false, reason: expect.any(String), cure: expect.any(String) },
      { kind: 'desktop', to: 'notify-send', ok: false, reason: expect.any(String), cure: expect.any(String) },
    ]);
    expect(works.log()).toEqual([]);
  });
});
