// What the daemon pays for the page that people leave open: a visible tab, a hidden one, and its memory. With a real Chromium.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { onEnd } from '../lib/clean-up.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { residentMegabytes, threadTime } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { fixtureOverStdio } from '../lib/servers.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'what the page costs a daemon with 12 servers';

const SERVERS = 12;
/** ms until what runs each 15 s has been compiled, and until a tab has loaded all of a view. */
const SETTLING = 40_000;
const LOADING = 5_000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function measure({ quick }) {
  if (!existsSync(CHROMIUM)) return [absent('mcp-watchdog, a tab of Chromium', 'not on this machine')];
  const { chromium } = await import('playwright-core');
  const servers = Array.from({ length: SERVERS }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  const daemon = await watchdog.start(servers);
  // The same without a page, for as long: a daemon grows in its first minutes, until V8 collects.
  const plain = await watchdog.start(servers);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const close = onEnd(() => browser.close());
  await sleep(quick ? SETTLING / 4 : SETTLING);
  const before = await Promise.all([memory(daemon.pid), memory(plain.pid)]);

  const span = quick ? 15_000 : 30_000;
  const rounds = { none: [], visible: [], hidden: [] };
  for (let round = 0; round < (quick ? 1 : 3); round += 1) {
    rounds.none.push(await share(daemon.pid, span));
    const page = await browser.newPage({ viewport: { width: 1366, height: 900 } });
    await page.goto(daemon.url);
    await page.locator('.row').first().waitFor();
    await sleep(LOADING);
    rounds.visible.push(await share(daemon.pid, span));
    await hide(page);
    await sleep(LOADING);
    rounds.hidden.push(await share(daemon.pid, span));
    await page.close();
    await sleep(LOADING);
  }
  const after = await Promise.all([memory(daemon.pid), memory(plain.pid)]);
  await close();
  await Promise.all([daemon.stop(), plain.stop()]);
  const [grown = 0, anyway = 0] = after.map((size, index) => size - before[index]);
  return report(rounds, { grown, anyway });
}

function report({ none, visible, hidden }, { grown, anyway }) {
  const floor = row({ who: 'mcp-watchdog, no tab', short: 'no tab', samples: none, unit: '%' });
  // Each beside the stretch just before it: what other programs do to the machine is in both.
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
    row({ who: 'memory that a daemon without a page has more at the end', samples: [anyway], unit: 'MiB' }),
    row({
      who: 'memory that one with a page has more at the end, beside it',
      samples: [Math.max(0, grown - anyway)],
      unit: 'MiB',
      target: { of: 'median', atMost: 3 },
    }),
  ];
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
