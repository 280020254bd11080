// Every view in a real browser: three widths, both themes, with none, a dozen and two hundred servers.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openStage, type Stage } from '../fixtures/page/stage.mjs';
import { tellStory, type Story } from '../fixtures/page/story.mjs';
import {
  findViolations,
  hasChromium,
  PATIENCE,
  openTab,
  overhang,
  startChromium,
  until,
  type Tab,
} from './chromium.ts';

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });

const COUNTS = [0, 12, 200] as const;
const WIDTHS = [390, 1366, 3840] as const;
const THEMES = ['light', 'dark'] as const;
/** What each view shows once it is there. */
const VIEWS = [
  { view: 'overview', hash: '#/', shows: 'h1:not(.loading)' },
  { view: 'one server', hash: '#/server/github', shows: '.timeline, .verdict' },
  { view: 'a server in trouble', hash: '#/server/postgres', shows: '.failure, .verdict' },
  { view: 'alerts', hash: '#/alerts', shows: '.trouble, .card' },
  { view: 'events', hash: '#/events', shows: '.events, .card' },
  { view: 'query', hash: '#/query', shows: '.chips' },
] as const;

/** Names and words of other scripts: emoji, right to left, and controls that would reorder what stands beside them. */
function inOtherScripts(story: Story): Story {
  const words = [
    'مراقب الخادم 12',
    'שָׁלוֹם, עולם (3)',
    '👩‍🚀🚀 space 🏳️‍🌈',
    'a\u2069\u202Etxt.exe',
    '\u2067never closed',
    '監視サーバー',
    'ก็เปิดอยู่',
  ];
  const word = (index: number): string => words[index % words.length] ?? '';
  const name = (index: number): string => `${word(index)} ${index}`;
  const indexes = new Map(story.status.servers.map((server, index) => [server.name, index]));
  const renamed = (server: string | null): string | null =>
    server === null ? null : name(indexes.get(server) ?? 0);
  return {
    ...story,
    status: {
      ...story.status,
      servers: story.status.servers.map((server, index) => ({
        ...server,
        name: name(index),
        version: word(index + 1),
        package: word(index + 2),
        cure: server.cure === null ? null : word(index + 3),
        lastLines: server.lastLines.map((_line, line) => word(line)),
      })),
      troubles: story.status.troubles.map((trouble, index) => ({
        ...trouble,
        about: renamed(trouble.about),
        root: word(index),
        cure: word(index + 1),
      })),
    },
    events: story.events.map((event, index) => ({
      ...event,
      server: renamed(event.server),
      text: word(index),
      count: 3,
    })),
    tools: () => words.map((tool) => ({ name: tool, calls: 12, errors: 1, p50: 1, p95: 2 })),
    log: () => words.map((text, index) => ({ at: index, stream: 'stderr', text })),
  };
}

/** One Chromium and one tab for all tests of this file: each stage is another origin in it. */
let browser: Browser | null = null;
let kept: Tab | null = null;
afterAll(() => browser?.close());

/** Shows what a stage serves, to who is signed in. */
async function show(stage: Stage): Promise<Tab> {
  browser ??= await startChromium();
  kept ??= await openTab(browser, { isSignedIn: true });
  kept.complaints.length = 0;
  await kept.page.goto(stage.url);
  return kept;
}

/** Leaves the page before its stage goes, which it would complain of. */
async function close(stage: Stage): Promise<void> {
  await kept?.page.goto('about:blank');
  await stage.close();
}

/** Views that differ where there is no server. */
const EMPTY_VIEWS: readonly string[] = ['overview', 'alerts'];

describe.skipIf(!hasChromium).each(COUNTS)('with %i servers', (count) => {
  let stage: Stage;
  let tab: Tab;

  beforeAll(async () => {
    stage = await openStage(tellStory({ now: Date.now(), count }));
    tab = await show(stage);
  });
  afterAll(() => close(stage));

  test.each(VIEWS)('$view fits at every width in both themes, and nothing complains', async (view) => {
    const { page, complaints } = tab;
    await page.evaluate(`location.hash = ${JSON.stringify(view.hash)}`);
    await page.locator(view.shows).first().waitFor();
    const isJudged = count === 12 || (count === 0 && EMPTY_VIEWS.includes(view.view));
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme });
      const judged = isJudged ? await findViolations(page) : [];
      expect({ colorScheme, judged }).toEqual({ colorScheme, judged: [] });
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        // Charts take their width one frame later.
        await until(() => overhang(page), { message: `overhang at ${width} px, ${colorScheme}` }).toBe(0);
      }
    }
    expect(complaints).toEqual([]);
  });
});

describe.skipIf(!hasChromium)('with names and words of other scripts', () => {
  let stage: Stage;
  let tab: Tab;

  beforeAll(async () => {
    stage = await openStage(inOtherScripts(tellStory({ now: Date.now() })));
    tab = await show(stage);
  });
  afterAll(() => close(stage));

  /** The first servers have each another script, and are in trouble; the last ones are healthy. */
  const servers = [0, 1, 2, 3, 4, 11].map((index) => ({
    view: `server ${index}`,
    hash: () => `#/server/${encodeURIComponent(stage.story().status.servers[index]!.name)}`,
    shows: '.timeline',
  }));
  const views = VIEWS.filter(({ hash }) => !hash.includes('server/')).map((view) => ({
    ...view,
    hash: () => view.hash,
  }));

  test.each([...views, ...servers])(
    '$view fits, and nothing is moved by what stands beside it',
    async (view) => {
      const { page, complaints } = tab;
      await page.evaluate(`location.hash = ${JSON.stringify(view.hash())}`);
      await page.locator(view.shows).first().waitFor();
      expect(await findViolations(page)).toEqual([]);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await until(() => overhang(page), { message: `overhang at ${width} px` }).toBe(0);
      }
      await until(() => page.evaluate(BACKWARDS)).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );
});

/** Latin words outside of foreign text whose last letter stands left of the first: something beside them has reordered them. */
const BACKWARDS = `(() => {
  const found = [];
  const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    if (node.parentElement.closest('bdi, pre, code, svg, .unseen, details:not([open]) > :not(summary)') !== null) continue;
    for (const { 0: word, index } of node.data.matchAll(/[a-z0-9]{3,}/gi)) {
      const range = document.createRange();
      const at = (offset) => {
        range.setStart(node, index + offset);
        range.setEnd(node, index + offset + 1);
        return range.getBoundingClientRect();
      };
      const [first, last] = [at(0), at(word.length - 1)];
      if (first.width > 0 && first.top === last.top && last.left < first.left) found.push(word + ' of ' + node.data);
    }
  }
  return found;
})()`;
