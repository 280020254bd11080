// Scene of a test file about the page: one Chromium, and for each test a stage that plays the daemon and a tab that shows it.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { openStage, type Stage } from '../fixtures/page/stage.mjs';
import type { Story } from '../fixtures/page/story.mjs';
import { clearTab, openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';

export interface Scene {
  /** A test may put up another one, as a daemon that comes back does. */
  stage: Stage;
  /** The tab that was opened last. */
  readonly tab: Tab;
  /** Opens a tab that shows nothing yet. */
  readonly enter: (options?: TabOptions) => Promise<Tab>;
  /** Opens a tab with that view. */
  readonly open: (hash: string, options?: TabOptions) => Promise<Tab>;
}

/**
 * Sets the hooks of a `describe`. A tab of each kind is kept for the next test, as its first document costs a browser four times what
 * a later one does; each stage is another origin, with another cache and storage.
 */
export function setScene(tell: () => Story): Scene {
  const tabs = new Map<string, Tab>();
  let browser: Browser | null = null;
  let stage: Stage | null = null;
  let tab: Tab | null = null;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    stage = await openStage(tell());
  });
  afterEach(async () => {
    for (const [kind, kept] of tabs) if (!(await clearTab(kept))) tabs.delete(kind);
    await stage?.close();
    tab = null;
  });
  const scene: Scene = {
    get stage() {
      return there(stage);
    },
    set stage(next) {
      stage = next;
    },
    get tab() {
      return there(tab);
    },
    async enter(options = {}) {
      const kind = JSON.stringify(options);
      tab = tabs.get(kind) ?? (await openTab(there(browser), options));
      tabs.set(kind, tab);
      return tab;
    },
    async open(hash, options = {}) {
      const opened = await scene.enter(options);
      await opened.page.goto(`${scene.stage.url}${hash}`);
      return opened;
    },
  };
  return scene;
}

function there<T>(part: T | null): T {
  if (part === null) throw new Error('The scene is not set: no test has begun, or none has opened a tab');
  return part;
}
