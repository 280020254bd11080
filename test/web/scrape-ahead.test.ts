// A scraper in a rhythm finds its text ready; who comes at any moment is served as ever.
import { Agent, request } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createScrapeAhead } from '../../src/web/scrape-ahead.ts';
import { FakeClock } from '../fakes/clock.ts';
import { startWeb } from '../fakes/web.ts';

function open() {
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const ahead = createScrapeAhead(clock, (error) => faults.push(error));
  const prepare = vi.fn(async () => {});
  /** Scrapes after each of these pauses. */
  async function scrape(pauses: readonly number[], scraper = 'a'): Promise<void> {
    for (const pause of pauses) {
      await clock.advance(pause);
      ahead.note(scraper, prepare);
    }
  }
  return { clock, faults, ahead, prepare, scrape };
}

describe('a text is prepared', () => {
  test.each([1500, 15_000, 280_000])(
    'shortly before the next scrape of a rhythm of %i ms',
    async (interval) => {
      const { clock, prepare, scrape } = open();
      await scrape([0, interval, interval * 1.05]);
      await clock.advance(interval * 1.05 - 251);
      expect(prepare).not.toHaveBeenCalled();
      await clock.advance(1);
      expect(prepare).toHaveBeenCalledTimes(1);
      // Once for each scrape: who does not come again costs nothing more.
      await clock.advance(3_600_000);
      expect(prepare).toHaveBeenCalledTimes(1);
      expect(clock.pending).toBe(0);
    },
  );

  test('once for each scrape', async () => {
    const { prepare, scrape } = open();
    await scrape([0, 15_000, 15_000, 15_000, 15_000, 15_000]);
    expect(prepare).toHaveBeenCalledTimes(3);
  });

  test('for each scraper by itself', async () => {
    const { prepare, scrape } = open();
    await scrape([0, 10_000]);
    for (let round = 0; round < 4; round += 1) {
      await scrape([4000], 'b');
      await scrape([6000]);
    }
    expect(prepare).toHaveBeenCalledTimes(4);
  });
});

describe('nothing is prepared', () => {
  test.each([
    ['after the first two scrapes', [0, 15_000]],
    ['while intervals differ', [0, 15_000, 17_000, 15_000, 2000, 60_000]],
    ['for who asks all the time', [0, 1400, 1400, 1400, 1400]],
    ['for who comes seldom', [0, 301_000, 301_000, 301_000]],
  ])('%s', async (_, pauses) => {
    const { clock, prepare, scrape } = open();
    await scrape(pauses);
    expect(clock.pending).toBe(0);
    await clock.advance(600_000);
    expect(prepare).not.toHaveBeenCalled();
  });

  test('once a scrape came early, or it was stopped', async () => {
    const { clock, prepare, scrape, ahead } = open();
    await scrape([0, 15_000, 15_000, 5000]);
    expect(clock.pending).toBe(0);
    await scrape([5000]);
    expect(clock.pending).toBe(1);
    ahead.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(prepare).not.toHaveBeenCalled();
  });
});

test('scrapers that come and go do not pile up', async () => {
  const { clock, scrape } = open();
  for (let index = 0; index < 100; index += 1) await scrape([0, 2000, 2000], `scraper ${index}`);
  expect(clock.pending).toBeLessThanOrEqual(8);
});

test('a text that cannot be made is told, and the rhythm goes on', async () => {
  const { clock, faults, prepare, scrape } = open();
  prepare.mockRejectedValueOnce(new Error('no'));
  await scrape([0, 15_000, 15_000, 15_000]);
  expect(faults).toEqual([new Error('no')]);
  await clock.advance(15_000);
  expect(prepare).toHaveBeenCalledTimes(2);
});

test.each([
  ['text', 'text/plain'],
  ['OpenMetrics', 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5'],
])('/metrics in %s is read once ahead, in the format and coding that is asked for', async (name, accept) => {
  const large = Buffer.from('mcp_watchdog_server_up{server="s"} 1\n'.repeat(10_000));
  const read: string[] = [];
  const serve = (format: string) => async () => {
    read.push(format);
    return { text: large, contentType: 'text/plain' };
  };
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const ahead = createScrapeAhead(clock, (error) => faults.push(error));
  const web = await startWeb({ metrics: serve('text'), openMetrics: serve('OpenMetrics'), ahead });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(async () => {
    agent.destroy();
    await web.close();
  });
  const scrape = (method = 'GET') =>
    new Promise<unknown>((resolve, reject) => {
      const headers = { accept, 'accept-encoding': 'gzip', 'user-agent': 'Prometheus/3' };
      request(`${web.url}/metrics`, { agent, headers, method }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.headers['content-encoding']));
      })
        .on('error', reject)
        .end();
    });
  for (let index = 0; index < 3; index += 1) {
    await clock.advance(15_000);
    expect(await scrape()).toBe('gzip');
    // A request of somebody who only looks at headers is no scrape.
    await scrape('HEAD');
  }
  // The note comes after the answer.
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  expect(read).toEqual(Array.from({ length: 6 }, () => name));
  await clock.advance(14_750);
  expect(read).toHaveLength(7);
  expect(faults).toEqual([]);
});
