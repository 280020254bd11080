// `npm run page-cost`: what the page costs its browser, with 12 and 200 servers: one status applied, scrolling, memory;
// each beside a page that is empty, as much of it is the browser and the machine. Needs chromium and dist/.
import { chromium } from 'playwright-core';
import { LATE, mainTasks, scrollThrough } from '../bench/lib/frames.mjs';
import { openStage } from '../test/fixtures/page/stage.mjs';
import { tellStory } from '../test/fixtures/page/story.mjs';
import { say } from './setup.mjs';

/** All, or those that are named: `npm run page-cost -- 200`. */
const named = process.argv.slice(2).map(Number);
const COUNTS = named.length > 0 ? named : [12, 200];
/** Statuses that are sent one after the other, and ms between two. */
const STATUSES = 20;
const APART = 150;
const MiB = 1024 ** 2;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
for (const count of COUNTS) await measure(count);
await browser.close();

async function measure(count) {
  const now = Date.now();
  const story = tellStory({ now, count });
  const stage = await openStage(story);
  const { page, metrics, collect } = await openTab();
  await page.goto(stage.url);
  await page.locator('.row').first().waitFor();
  await page.waitForTimeout(1000);
  await collect();
  const { JSHeapUsedSize: heap, Nodes: nodes } = await metrics();
  say(`${count} servers: heap ${(heap / MiB).toFixed(1)} MiB, ${nodes} nodes`);

  let seq = 1;
  const next = (change) => {
    seq += 1;
    const servers = stage.story().status.servers.map(change);
    stage.tell({ ...story, status: { ...story.status, seq, servers } });
  };
  const aged = (server) => ({ ...server, usage: { ...server.usage, residentBytes: seq * MiB } });
  report('  nothing sent', await cost(page, () => undefined));
  const one = (server, at) => (at === seq % count ? aged(server) : server);
  report('  a status with one server that changed', await cost(page, () => next(one)));
  report('  a status with all of them changed', await cost(page, () => next(aged)));
  const copied = (server) => ({ ...server });
  report('  a status that repeats all, with nothing changed', await cost(page, () => next(copied)));
  say(`  scrolling: ${await scroll(page, metrics)}`);
  await page.context().close();
  await stage.close();

  const empty = await openTab();
  await empty.page.setContent(`<body style="margin:0"><div style="height:${count * 60}px"></div></body>`);
  report('  an empty page', await cost(empty.page, () => undefined));
  say(`  scrolling an empty page: ${await scroll(empty.page, empty.metrics)}`);
  await empty.page.context().close();
}

async function openTab() {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () =>
    Object.fromEntries(
      (await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]),
    );
  return { page, metrics, collect: () => session.send('HeapProfiler.collectGarbage') };
}

/** What `act` costs the main thread: ms of CPU in all, so that other programs count little, and of its longest task. */
async function cost(page, act) {
  const tasks = await mainTasks(browser, async () => {
    for (let index = 0; index < STATUSES; index += 1) {
      act();
      await page.waitForTimeout(APART);
    }
  });
  const longest = tasks.toSorted((a, b) => b - a).slice(0, STATUSES);
  return {
    all: tasks.reduce((sum, task) => sum + task, 0) / STATUSES,
    longest: longest[Math.floor(longest.length / 2)] ?? 0,
  };
}

function report(what, { all, longest }) {
  say(`${what}: longest task ${longest.toFixed(1)} ms, ${all.toFixed(1)} ms in all`);
}

/** Scrolls to the end, and tells how the frames came. */
async function scroll(page, metrics) {
  const before = await metrics();
  const gaps = await scrollThrough(page);
  const after = await metrics();
  const share = (...names) =>
    names
      .reduce((sum, name) => sum + ((after[name] - before[name]) * 1000) / Math.max(1, gaps.length), 0)
      .toFixed(1);
  const late = gaps.filter((gap) => gap > LATE).length;
  const worst = Math.max(0, ...gaps);
  return `${gaps.length} frames, ${late} late (over ${LATE} ms), the worst ${worst.toFixed(0)} ms; a frame takes ${share('ScriptDuration')} ms script, ${share('LayoutDuration', 'RecalcStyleDuration')} ms style and layout, ${share('TaskDuration')} ms in all`;
}
