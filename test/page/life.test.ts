// The page over time, in a real browser: news, a daemon that dies and comes back, keys, filters, hostile words.
import type { Route } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { openStage } from '../fixtures/page/stage.mjs';
import { tellStory, type Story } from '../fixtures/page/story.mjs';
import { findViolations, hasChromium, PATIENCE, until } from './chromium.ts';
import { setScene } from './scene.ts';

vi.setConfig({ testTimeout: 2 * PATIENCE, hookTimeout: PATIENCE });

const now = Date.now();

describe.skipIf(!hasChromium)('the page', () => {
  const scene = setScene(() => tellStory({ now }));
  const { open } = scene;

  /** The story with other servers. */
  function changed(change: (server: Story['status']['servers'][number]) => object): Story {
    const story = tellStory({ now });
    const servers = story.status.servers.map((server) => ({ ...server, ...change(server) }));
    return { ...story, status: { ...story.status, seq: 2, servers } };
  }

  /** The story that is told now with other versions of some servers; the others stay the same objects. */
  function withVersion(version: string, isMeant: (name: string) => boolean): Story {
    const story = scene.stage.story();
    const servers = story.status.servers.map((server) =>
      isMeant(server.name) ? { ...server, version } : server,
    );
    return { ...story, status: { ...story.status, seq: story.status.seq + 1, servers } };
  }

  /** Waits for streams: what is told before is heard by nobody. */
  async function streaming(count = 1): Promise<void> {
    const isStream = (line: string): boolean => line === 'GET /api/v1/stream';
    await until(() => scene.stage.asked.filter(isStream).length).toBeGreaterThanOrEqual(count);
  }

  const heading = (): Promise<string> => scene.tab.page.locator('h1').first().innerText();

  test('shows a change as it is told, without a reload, and counts it in the tab', async () => {
    const { page } = await open('#/');
    await until(heading).toContain('3 of 12 servers need you');
    expect(await page.title()).toBe('(3) mcp-watchdog');
    await page.evaluate('window.isSamePage = true');
    await streaming();
    scene.stage.tell(
      changed(({ group }) => (group === 'needs_you' ? { group: 'healthy', state: 'running' } : {})),
    );
    await until(heading, { interval: 20 }).toContain('Nothing needs you: 4 of 12');
    await until(() => page.title()).toBe('mcp-watchdog');
    expect(await page.evaluate('window.isSamePage')).toBe(true);
    // It came by the stream that was open, not with another try.
    expect(scene.stage.asked.filter((line) => line === 'GET /api/v1/stream')).toHaveLength(1);
  });

  test('touches the row of a server that changed, and no other of hundreds', async () => {
    scene.stage.tell(tellStory({ now, count: 200 }));
    const { page } = await scene.enter();
    // Time stands still, as each row tells how long something lasts.
    await page.addInitScript('const at = Date.now(); Date.now = () => at;');
    await page.goto(`${scene.stage.url}#/`);
    await until(() => page.locator('.row').count()).toBe(200);
    await streaming();
    const { name } = scene.stage.story().status.servers[180]!;
    // Rows out of sight are laid out and show their counts a few at a time, the last one at the end: then nothing is left to draw.
    const last = page.locator('.row').last();
    await until(() => last.getAttribute('style')).toContain('content-visibility');
    await until(() => last.locator('.cell', { hasText: 'calls/min' }).innerText()).toMatch(/^\d/u);
    await page.evaluate(`
      window.touched = new Set();
      new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const row = element?.closest('.row');
          if (row) window.touched.add(row.querySelector('.who a').title);
        }
      }).observe(document.querySelector('.table'), { subtree: true, childList: true, attributes: true, characterData: true });`);
    for (const version of ['7.7.1', '7.7.2', '7.7.3']) {
      scene.stage.tell(withVersion(version, (one) => one === name));
      await until(() => page.locator('.row', { hasText: version }).count()).toBe(1);
    }
    await until(() => page.evaluate('[...window.touched]')).toEqual([name]);
  });

  test('shows the grey rows of the document until there is something to show, of each view', async () => {
    const { page } = await scene.enter();
    const held: Route[] = [];
    for (const url of ['**/api/v1/status', '**/page/server.js'])
      await page.route(url, (route) => void held.push(route));
    const letOneGo = () =>
      held
        .shift()
        ?.continue()
        .then(() => true);
    await page.goto(`${scene.stage.url}#/`);
    // Of the frame, not of the document: only the frame has tabs.
    await page.locator('.bar nav').waitFor();
    const ghosts = page.locator('main .ghost .row');
    expect([await heading(), await ghosts.count()]).toEqual(['Loading…', 6]);
    await until(letOneGo).toBe(true);
    await until(heading).toContain('3 of 12 servers need you');
    expect(await ghosts.count()).toBe(0);
    await page.evaluate("location.hash = '#/server/github'");
    await until(heading).toBe('Loading…');
    expect(await ghosts.count()).toBe(6);
    await until(letOneGo).toBe(true);
    await until(heading).toBe('github');
    expect(await ghosts.count()).toBe(0);
  });

  test('shows a row out of sight as it is now when somebody scrolls there', async () => {
    scene.stage.tell(tellStory({ now, count: 200 }));
    const { page } = await open('#/');
    await until(() => page.locator('.row').count()).toBe(200);
    await streaming();
    scene.stage.tell(withVersion('7.7.7', () => true));
    await page.locator('.row').first().getByText('7.7.7').waitFor();
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await until(() => page.locator('.row').last().innerText()).toContain('7.7.7');
    await until(() => page.locator('.row', { hasText: '7.7.7' }).count()).toBe(200);
  });

  test('says when the daemon is gone, keeps what it knew, and goes on by itself when it is back', async () => {
    const { page } = await open('#/');
    await page.locator('.row').first().waitFor();
    await page.evaluate('window.isSamePage = true');
    await scene.stage.close();
    await page.locator('.banner').waitFor();
    expect(await page.locator('.banner').innerText()).toMatch(/not reachable since \d\d:\d\d:\d\d/u);
    expect(await heading()).toMatch(/^At \d\d:\d\d:\d\d: 3 of 12 servers needed you$/u);
    expect(await page.locator('.row').count()).toBe(12);
    expect(await findViolations(page)).toEqual([]);
    await until(() => page.title()).toContain('(not reachable)');

    scene.stage = await openStage(
      changed(() => ({ group: 'healthy', state: 'running' })),
      scene.stage.port,
    );
    await until(heading, { timeout: 40_000 }).toContain('All 12 servers are healthy');
    expect(await page.locator('.banner').count()).toBe(0);
    expect(await page.evaluate('window.isSamePage')).toBe(true);
  });

  test('loads itself anew, once, when the daemon serves another page by now', async () => {
    const { page } = await open('#/server/github');
    await page.locator('.timeline').waitFor();
    await page.evaluate('window.isSamePage = true');
    await scene.stage.close();
    // The files stay the same here, so that a page that reloads for ever would be found.
    scene.stage = await openStage({ ...tellStory({ now }), assets: 'ffffffffffffffff' }, scene.stage.port);
    await until(() => page.evaluate('window.isSamePage ?? false'), { timeout: 40_000 }).toBe(false);
    await page.locator('.timeline').waitFor();
    // One of the page before, one of the page that was loaded.
    await streaming(2);
    expect(scene.stage.asked.filter((line) => line === 'GET /')).toHaveLength(1);
    expect(page.url()).toContain('#/server/github');
  });

  test('says what to do when nobody answers from the beginning, and when another program does', async () => {
    const { page } = await open('#/');
    await page.locator('.row').first().waitFor();
    await page.route('**/api/v1/status', (route) =>
      route.fulfill({ status: 200, contentType: 'text/html', body: '<h1>x</h1>' }),
    );
    await page.reload();
    await until(heading).toBe('Another program answers here');
    await page.unroute('**/api/v1/status');
    await until(heading, { timeout: 40_000 }).toContain('3 of 12 servers need you');
    await page.route('**/api/v1/status', (route) => route.fulfill({ status: 401, body: 'Unauthorized' }));
    await page.reload();
    await until(heading).toBe('Name and password are needed');
  });

  test('shows the first steps where no server is configured', async () => {
    await scene.stage.close();
    scene.stage = await openStage(tellStory({ now, count: 0 }));
    const { page } = await open('#/');
    await until(heading).toBe('No server is configured yet');
    expect(await page.locator('.steps code').allInnerTexts()).toContain(
      'mcp-watchdog add @upstash/context7-mcp',
    );
  });

  test('is worked with keys alone', async () => {
    const { page } = await open('#/', { isSignedIn: true });
    await page.locator('.row').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    expect(await page.evaluate('document.activeElement.title')).toBe('company-search');
    await page.keyboard.press('Enter');
    await until(heading).toBe('company-search');
    await page.keyboard.press('Escape');
    await page.locator('.table:not(.ghost)').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('crash');
    await until(() => page.locator('.row').count()).toBe(1);
    await page.keyboard.press('Escape');
    await until(() => page.locator('.row').count()).toBe(12);
    await page.keyboard.press('?');
    expect(await page.locator('dialog').innerText()).toContain('restart the server');
    await page.keyboard.press('Escape');
    for (const [keys, title] of [
      ['ga', 'Alerts'],
      ['ge', 'Events'],
      ['gq', 'Query'],
      ['gs', ''],
    ] as const) {
      // Together, as the second key has to follow soon.
      await Promise.all(keys.split('').map((key) => page.keyboard.press(key)));
      await until(() => page.title()).toContain(title);
    }
    await page.goto(`${scene.stage.url}#/server/github`);
    await page.locator('.timeline').waitFor();
    await page.keyboard.press('r');
    expect(await page.locator('dialog').innerText()).toContain('3 clients use it, 3 calls are in flight');
    await page.keyboard.press('Escape');
    expect(scene.stage.asked.filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  test('acts only after a question, and only for who is signed in', async () => {
    const { page } = await open('#/server/github');
    await page.locator('.timeline').waitFor();
    await page.getByRole('button', { name: 'Restart', exact: true }).click();
    expect(await page.locator('dialog').innerText()).toContain('mcp-watchdog open');
    await page.keyboard.press('Escape');
    await page.goto(`${scene.stage.url}#/open=0123456789`);
    await until(() => page.locator('.note').innerText()).toContain('Signed in');
    expect(page.url()).not.toContain('0123456789');
    await page.goto(`${scene.stage.url}#/server/github`);
    await until(() => page.locator('.log p').count()).toBe(14);
    await page.getByRole('button', { name: 'Restart', exact: true }).click();
    await page.locator('dialog').getByRole('button', { name: 'Restart', exact: true }).click();
    await until(() => scene.stage.asked).toContain('POST /api/v1/servers/github/restart');
    await until(() => page.locator('.note').innerText()).toBe('Restart: begun');
  });

  test('shows thousands of events, and those that come, and filters them', async () => {
    const story = tellStory({ now });
    const events = Array.from({ length: 10_000 }, (_, index) => ({
      at: now - index * 1000,
      firstAt: now - index * 1000,
      server: `server-${index % 50}`,
      kind: 'exited' as const,
      text: `exited with code ${index}`,
      tone: 'bad' as const,
      count: 1,
    }));
    scene.stage.tell({ ...story, events });
    const { page } = await open('#/events');
    await until(() => page.locator('.event').count()).toBe(200);
    for (let clicks = 2; clicks <= 5; clicks += 1) {
      await page.getByRole('button', { name: 'Older' }).click();
      await until(() => page.locator('.event').count()).toBe(clicks * 200);
    }
    await streaming();
    for (let index = 0; index < 10_000; index += 1)
      scene.stage.event({ ...events[0]!, at: now + index, firstAt: now + index, text: `news ${index}` });
    await until(() => page.locator('.event').first().textContent(), { timeout: 40_000 }).toContain(
      'news 9999',
    );
    expect(await page.locator('.event').count()).toBeLessThanOrEqual(1000);
    await page.keyboard.press('/');
    await page.keyboard.type('news 9876');
    await until(() => page.locator('.event').count()).toBe(1);
  });

  test('shows a crash loop as one entry, which opens, stays open as it goes on, and closes', async () => {
    const story = tellStory({ now });
    const kinds = [
      ['restarted', 'restarted: exit code 3', 'warn'],
      ['exited', 'exited with code 3', 'warn'],
      ['spawned', 'started', 'info'],
    ] as const;
    const crash = (at: number) =>
      kinds.map(([kind, text, tone], index) => ({
        at: at - index,
        firstAt: at - index,
        server: 'postgres',
        kind,
        tone,
        text: kind === 'spawned' ? `${text}, pid ${at % 1000}` : text,
        count: 1,
      }));
    const loops = Array.from({ length: 40 }, (_, index) => crash(now - index * 5000)).flat();
    scene.stage.tell({ ...story, events: loops });
    const { page } = await open('#/events');
    await until(() => page.locator('.event').count()).toBe(1);
    expect(await page.locator('.run').innerText()).toMatch(
      /postgres started, exited with code 3, restarted: exit code 3\s+40 times since/u,
    );
    expect(await findViolations(page)).toEqual([]);
    await page.locator('.run summary').click();
    await until(() => page.locator('.run .event').count()).toBe(120);
    await streaming();
    for (const event of crash(now + 5000).toReversed()) scene.stage.event(event);
    await until(() => page.locator('.run').innerText()).toContain('41 times');
    expect(await page.locator('.run .event').count()).toBe(123);
    expect(await findViolations(page)).toEqual([]);
    await page.locator('.run summary').click();
    await until(() => page.locator('.run .event').count()).toBe(0);
    await page.goto(`${scene.stage.url}#/server/postgres`);
    await until(() => page.locator('.happened li').count()).toBe(1);
    expect(await page.locator('.happened').innerText()).toContain('40 times');
  });

  test('closes its stream while it is hidden, and reads what it missed when it is seen again', async () => {
    const story = tellStory({ now });
    const { page } = await open('#/events');
    await page.locator('.event').first().waitFor();
    await streaming();
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await hide(true);
    await until(() => scene.stage.streams()).toBe(0);
    const missed = { ...story.events[0]!, at: now + 1, firstAt: now + 1, text: 'missed while hidden' };
    scene.stage.tell({ ...story, events: [missed, ...story.events] });
    await hide(false);
    await until(() => page.locator('.events').innerText()).toContain('missed while hidden');
    await until(() => scene.stage.streams()).toBe(1);
  });

  test('shows a query that is wrong with the place, and one that is right as a table', async () => {
    const { page, complaints } = await open('#/query?g=sum(');
    await until(() => page.locator('.wrong').innerText()).toContain('unclosed left parenthesis');
    expect(await page.locator('.wrong pre').innerText()).toBe('sum(\n    ^');
    expect(await findViolations(page)).toEqual([]);
    await page.getByLabel('Expression').fill('mcp_watchdog_server_resident_memory_bytes');
    await page.keyboard.press('Enter');
    await page.locator('.plot canvas').waitFor();
    await until(() => page.locator('.result tbody tr').count()).toBe(7);
    // The browser itself tells of the answer 400.
    expect(complaints.filter((line) => !line.includes('status of 400'))).toEqual([]);
  });

  test('shows the whole of a long expression on a phone, and asks it with Enter', async () => {
    const long = `sum by (server, le) (rate(mcp_watchdog_probe_duration_seconds_bucket{server=~"github|postgres"}[5m])) > 0`;
    const { page } = await open(`#/query?g=${encodeURIComponent(long)}`, { width: 390 });
    const field = page.getByLabel('Expression');
    await until(() => field.inputValue()).toBe(long);
    const hidden = `(({ scrollHeight, clientHeight, scrollWidth, clientWidth }) =>
      Math.max(scrollHeight - clientHeight, scrollWidth - clientWidth))(document.querySelector('#expression'))`;
    // Its style comes with the view.
    await until(() => page.evaluate(hidden)).toBe(0);
    await field.fill('up');
    await field.press('Shift+Enter');
    expect(await field.inputValue()).toBe('up\n');
    await field.fill('up');
    await field.press('Enter');
    await until(() => page.evaluate('location.hash')).toBe('#/query?g=up');
    await field.press('Escape');
    expect(await field.inputValue()).toBe('');
  });

  test('takes nothing that others write for markup', async () => {
    await scene.stage.close();
    scene.stage = await openStage(hostileStory());
    const { page, complaints } = await open('#/', { isSignedIn: true });
    await until(() => page.locator('.row').count()).toBe(12);
    const name = hostileStory().status.servers[0]!.name;
    for (const hash of [`#/server/${encodeURIComponent(name)}`, '#/alerts', '#/events', '#/']) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await until(() => page.locator('main').innerText()).toContain(EVIL);
      expect(await page.locator('main script, main img, main iframe').count()).toBe(0);
    }
    await page.evaluate(`location.hash = ${JSON.stringify(`#/server/${encodeURIComponent(name)}`)}`);
    await until(() => page.locator('.log').innerText()).toContain(EVIL);
    // What the server says of its tools, and the rule that keeps clients from one, are words beside its name.
    expect(await page.locator('section', { hasText: 'Tools' }).locator('.tag').allInnerTexts()).toEqual([
      'changed',
      'denied',
      'read-only',
    ]);
    expect(await page.evaluate('window.isHit ?? false')).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('moves nothing for who wants that, and keeps its signs in forced colours', async () => {
    const { page } = await open('#/');
    await page.locator('.row').first().waitFor();
    await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' });
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('.beat path')).forcedColorAdjust"),
    ).toBe('none');
    expect(await findViolations(page)).toEqual([]);
  });
});

const DENIED = { deniedBy: 'tools.deny', isRepeated: false } as const;
const EVIL = '<img src=x onerror="window.isHit=true">';

/** The story with markup wherever somebody else writes. */
function hostileStory(): Story {
  const story = tellStory({ now });
  const evil = `${EVIL}\u202E"'\`\${alert(1)}</script><script>window.isHit=true</script>`;
  const servers = story.status.servers.map((server, index) =>
    index === 0
      ? {
          ...server,
          name: evil,
          version: evil,
          package: evil,
          cure: evil,
          note: evil,
          lastLines: [evil],
          changedTools: [evil],
        }
      : server,
  );
  const troubles = story.status.troubles.map((trouble, index) =>
    index === 0 ? { ...trouble, about: evil, root: evil, cure: evil } : trouble,
  );
  return {
    ...story,
    status: { ...story.status, servers, troubles },
    events: story.events.map((event) => ({ ...event, server: evil, text: evil })),
    tools: () => [
      { name: evil, calls: 1, errors: 0, p50: 1, p95: 2, hints: { readOnly: true }, access: DENIED },
    ],
    log: () => [{ at: now, stream: evil, text: evil }],
  };
}
