// Many tabs of one browser at once: it opens six connections to one address, so they share what lasts.
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { openStage } from '../fixtures/page/stage.mjs';
import { tellStory, type Story } from '../fixtures/page/story.mjs';
import { hasChromium, PATIENCE, until } from './chromium.ts';
import { setScene } from './scene.ts';

vi.setConfig({ testTimeout: 2 * PATIENCE, hookTimeout: PATIENCE });

const TABS = 10;
const now = Date.now();
const SIGNED_IN = { isSignedIn: true };

describe.skipIf(!hasChromium)('ten tabs at once', () => {
  const scene = setScene(() => tellStory({ now }));

  async function openAll(hash: string, options = {}): Promise<Page[]> {
    const tab = await scene.enter(options);
    const more = await Promise.all(Array.from({ length: TABS - 1 }, () => tab.context.newPage()));
    const pages = [tab.page, ...more];
    await Promise.all(pages.map((page) => page.goto(`${scene.stage.url}${hash}`)));
    return pages;
  }

  /** The story with so many servers that need somebody, the first ones. */
  function needing(count: number, seq: number): Story {
    const story = tellStory({ now });
    const servers = story.status.servers.map((server, index) => ({
      ...server,
      group: index < count ? ('needs_you' as const) : ('healthy' as const),
    }));
    return { ...story, status: { ...story.status, seq, servers } };
  }

  /** Waits until one tab reads the stream: what is told before is heard by nobody. */
  const reading = () => until(() => scene.stage.streams()).toBe(1);

  async function allShow(pages: readonly Page[], text: string): Promise<void> {
    await Promise.all(
      pages.map((page, index) =>
        until(() => page.locator('h1').first().innerText(), { message: `tab ${index}` }).toContain(text),
      ),
    );
  }

  test('all are told by one stream, and the next one reads it when its tab is closed', async () => {
    const pages = await openAll('#/');
    await allShow(pages, '3 of 12 servers need you');
    await reading();
    scene.stage.tell(needing(5, 2));
    await allShow(pages, '5 of 12 servers need you');

    let left = pages;
    for (const count of [6, 7]) {
      const before = scene.stage.asked.filter((line) => line === 'GET /api/v1/stream').length;
      // The one that reads is among them: all but two are closed.
      const closed = count === 6 ? left.slice(0, 5) : left.slice(0, 3);
      left = left.filter((page) => !closed.includes(page));
      await Promise.all(closed.map((page) => page.close()));
      await reading();
      // Told again: the stream of a closed tab may count as read for a moment, and then nobody hears it.
      let seq = count * 1000;
      await until(
        () => {
          scene.stage.tell(needing(count, (seq += 1)));
          return left[0]?.locator('h1').first().innerText();
        },
        { interval: 1000 },
      ).toContain(`${count} of 12 servers need you`);
      await allShow(left, `${count} of 12 servers need you`);
      expect(scene.stage.asked.filter((line) => line === 'GET /api/v1/stream').length).toBeLessThan(
        before + TABS,
      );
    }
    expect(left).toHaveLength(2);
  });

  test('all come back with the daemon, and still share one stream', async () => {
    const pages = await openAll('#/');
    await allShow(pages, '3 of 12 servers need you');
    await reading();
    await scene.stage.close();
    await Promise.all(pages.map((page) => page.locator('.banner').waitFor()));
    const story = needing(4, 1);
    scene.stage = await openStage(
      { ...story, status: { ...story.status, boot: 'another' } },
      scene.stage.port,
    );
    await Promise.all(pages.map((page) => until(() => page.locator('.banner').count()).toBe(0)));
    await allShow(pages, '4 of 12 servers need you');
    await reading();
    scene.stage.tell({ ...needing(8, 2), status: { ...needing(8, 2).status, boot: 'another' } });
    await allShow(pages, '8 of 12 servers need you');
  });

  test('the log of a server grows in each of them', async () => {
    const pages = await openAll('#/server/github', SIGNED_IN);
    await Promise.all(pages.map((page) => until(() => page.locator('.log p').count()).toBe(14)));
    const story = scene.stage.story();
    const more = { at: now + 1000, stream: 'stderr', text: 'one more line' };
    const grown = { ...story, log: (name: string) => [...story.log(name), more] };
    await reading();
    scene.stage.tell(grown);
    // Two have a stream, which the stage leaves silent; the others ask now and then.
    await until(
      async () => {
        const counts = await Promise.all(pages.map((page) => page.locator('.log p').count()));
        return counts.filter((count) => count === 15).length;
      },
      { timeout: 40_000 },
    ).toBe(TABS - 2);
  });
});
