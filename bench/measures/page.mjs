// What the daemon pays for the page that people leave open: a visible tab, a hidden one, and its memory. With a real Chromium.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { onEnd } from '../lib/clean-up.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { residentMegabytes, threadTime } from '../lib/processes.mjs';
import { absent, quantile, row } from '../lib/rows.mjs';
import { fixtureOverStdio } from '../lib/servers.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'what the page costs a daemon with 12 servers';

const SERVERS = 12;
/** ms until what runs each 15 s has been compiled, and until a tab has loaded all of a view. */
const SETTLING = 40_000;
const LOADING = 5_000;
/** ms between two readings of memory, which changes by a mebibyte while nothing happens. */
const READING = 5_000;
/** ms after which what a tab left behind has been collected. */
const RESTING = 40_000;
/** Each with a browser's tabs of its own; what is measured are the daemons, so they take the same steps side by side. */
const DAEMONS = 3;
/** Tabs that are opened and closed before the one that is measured: what each of them leaves would add up. */
const EARLIER_TABS = 2;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function measure({ quick }) {
  if (!existsSync(CHROMIUM)) return [absent('mcp-watchdog, a tab of Chromium', 'not on this machine')];
  const { chromium } = await import('playwright-core');
  const servers = Array.from({ length: SERVERS }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  const daemons = await startDaemons(servers, quick ? 1 : DAEMONS);
  // As many without a page, for as long: a daemon grows in its first minutes, until V8 collects.
  const plain = await startDaemons(servers, daemons.length);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const close = onEnd(() => browser.close());
  await sleep(quick ? SETTLING / 4 : SETTLING);
  const found = await lookWithTabs({ browser, daemons, plain, quick });
  await close();
  await Promise.all([...daemons, ...plain].map(({ stop }) => stop()));
  return report(found);
}

async function startDaemons(servers, count) {
  const daemons = [];
  while (daemons.length < count) daemons.push(await watchdog.start(servers));
  return daemons;
}

async function lookWithTabs({ browser, daemons, plain, quick }) {
  const more = () =>
    Promise.all(
      daemons.map(async ({ pid }, index) => (await memory(pid)) - (await memory(plain[index].pid))),
    );
  const shares = () => Promise.all(daemons.map(({ pid }) => share(pid, quick ? 15_000 : 30_000)));
  const readings = quick ? 3 : 6;

  // One daemon may be larger than the other without any page. Reading it takes the daemon nothing.
  const [none, before] = await Promise.all([shares(), each(readings, more)]);
  const without = daemons.map((_, index) => medianOf(before, index));
  const beyond = (sizes) => sizes.map((size, index) => size - without[index]);
  const openTabs = () => Promise.all(daemons.map((daemon) => openTab(browser, daemon)));
  for (let tab = 0; tab < (quick ? 0 : EARLIER_TABS); tab += 1) await closeAll(await openTabs());
  const tabs = await openTabs();
  const visible = await shares();
  const open = beyond(await more());
  await Promise.all(tabs.map(hide));
  await sleep(quick ? LOADING : RESTING);
  const hidden = await shares();
  await closeAll(tabs);
  await sleep(quick ? SETTLING : LOADING);
  const closed = (await each(readings, more)).flatMap(beyond);
  return { none, visible, hidden, open, closed };
}

/** A tab that has loaded all of the overview. */
async function openTab(browser, daemon) {
  const page = await browser.newPage({ viewport: { width: 1366, height: 900 } });
  await page.goto(daemon.url);
  await page.locator('.row').first().waitFor();
  await sleep(LOADING);
  return page;
}

async function closeAll(tabs) {
  await Promise.all(tabs.map((page) => page.close()));
}

function medianOf(readings, index) {
  return quantile(
    readings.map((sizes) => sizes[index]),
    0.5,
  );
}

function report({ none, visible, hidden, open, closed }) {
  const floor = row({ who: 'mcp-watchdog, no tab', short: 'no tab', samples: none, unit: '%' });
  // Each beside the stretch of the same daemon without a tab.
  const more = (samples) => samples.map((share, index) => Math.max(0, share - none[index]));
  return [
    floor,
    row({
      who: 'a visible tab more',
      samples: more(visible),
      unit: '%',
      target: { of: 'median', atMost: 0.2 },
      note: 'the overview, live',
    }),
    row({
      who: 'a hidden tab more',
      samples: more(hidden),
      unit: '%',
      // It asks once a minute: nothing, but for what two stretches of nothing differ by.
      target: { of: 'median', atMost: 0.1 },
    }),
    row({
      who: 'memory more than a daemon without a page, with a visible tab',
      samples: open,
      unit: 'MiB',
      target: { of: 'median', atMost: 3 },
    }),
    row({
      who: 'memory more than a daemon without a page, after the last tab was closed',
      samples: closed,
      unit: 'MiB',
      target: { of: 'median', atMost: 3 },
    }),
  ];
}

/** @returns what so many readings say, one each five seconds */
async function each(count, read) {
  const all = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(READING);
    all.push(await read());
  }
  return all;
}

/** Per cent of a core that the process takes. */
async function share(pid, span) {
  const [since, from] = [performance.now(), await threadTime(pid)];
  await sleep(span);
  return (((await threadTime(pid)) - from) / (performance.now() - since)) * 100;
}

/** As a browser does it to a tab that is not in front; the headless one never does. */
async function hide(page) {
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
}

/** Its share of what it has in memory, MiB: pages of files that others map as well count in parts. */
async function memory(pid) {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(text) ?? [];
  return kilobytes === undefined ? await residentMegabytes(pid) : Number(kilobytes) / 1024;
}
