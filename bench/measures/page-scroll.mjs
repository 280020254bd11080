// Scrolling the overview of 200 servers to its end, while one of them changes each second; beside a bare page of as many plain rows,
// which is as high. With a real Chromium.
import { existsSync } from 'node:fs';
import { onEnd } from '../lib/clean-up.mjs';
import { LATE, mainTasks, scrollThrough } from '../lib/frames.mjs';
import { absent, row } from '../lib/rows.mjs';
import { sleep, until } from '../lib/wait.mjs';
import { tellStory } from '../../test/fixtures/page/story.mjs';

export const title = 'scrolling a page of 200 servers';

const SERVERS = 200;
const MiB = 1024 ** 2;
/** Ms between two statuses. */
const EVERY = 1000;
const SETTLING = 1000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

const IS_DRAWN = `(() => {
  const last = document.querySelectorAll('.row')[${SERVERS - 1}];
  return last?.style.contentVisibility === 'visible' && /\\d/.test(last.querySelector('.cell:not(.wide)').textContent);
})()`;

export async function measure({ quick }) {
  if (!existsSync(CHROMIUM)) return [absent('mcp-watchdog, a tab of Chromium', 'not on this machine')];
  const { chromium } = await import('playwright-core');
  // It loads what was built.
  const { openStage } = await import('../../test/fixtures/page/stage.mjs');
  const stage = await openStage(tellStory({ now: Date.now(), count: SERVERS }));
  const closeStage = onEnd(() => stage.close());
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  const closeBrowser = onEnd(() => browser.close());
  const rounds = { ours: [], bare: [] };
  for (let round = 0; round < (quick ? 2 : 6); round += 1) {
    const { height, ...ours } = await scrollOurs(browser, stage);
    rounds.ours.push(ours);
    rounds.bare.push(await scrollBare(browser, height));
  }
  await closeBrowser();
  await closeStage();
  return report(rounds);
}

async function scrollOurs(browser, stage) {
  const page = await openTab(browser);
  await page.goto(stage.url);
  // Rows are drawn and laid out a few at a time, the last one at the end.
  await until(() => page.evaluate(IS_DRAWN), { what: 'all rows of the page' });
  const height = await page.evaluate('document.documentElement.scrollHeight');
  const timer = setInterval(() => change(stage), EVERY);
  const figures = await scroll(browser, page);
  clearInterval(timer);
  await page.context().close();
  return { height, ...figures };
}

/** Another server has more memory than before. */
function change(stage) {
  const { status, ...story } = stage.story();
  const seq = status.seq + 1;
  const servers = status.servers.map((server, index) =>
    index === seq % SERVERS ? { ...server, usage: { ...server.usage, residentBytes: seq * MiB } } : server,
  );
  stage.tell({ ...story, status: { ...status, seq, servers } });
}

async function scrollBare(browser, height) {
  const page = await openTab(browser);
  const style = `body { margin: 0; font: 14px/1.45 system-ui } p { height: ${height / SERVERS}px; margin: 0 }`;
  const rows = Array.from(
    { length: SERVERS },
    (_, index) => `<p>server-${index} running 3 d, 1.2.${index}</p>`,
  );
  await page.setContent(`<!doctype html><style>${style}</style>${rows.join('')}`);
  const figures = await scroll(browser, page);
  await page.context().close();
  return figures;
}

async function openTab(browser) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 900 } });
  return context.newPage();
}

async function scroll(browser, page) {
  let gaps = [];
  // What a page does once it is loaded is over.
  await sleep(SETTLING);
  const tasks = await mainTasks(browser, async () => {
    gaps = await scrollThrough(page);
  });
  return {
    late: (gaps.filter((gap) => gap > LATE).length / gaps.length) * 100,
    longest: Math.max(...tasks),
    frame: tasks.reduce((sum, task) => sum + task, 0) / gaps.length,
  };
}

function report({ ours, bare }) {
  const rowOf = (who, samples, more = {}) => row({ who, samples, ...more });
  const of = (list, name) => list.map((figures) => figures[name]);
  const [lateBare, longestBare, frameBare] = ['late', 'longest', 'frame'].map((name) =>
    rowOf('a bare page of plain rows', of(bare, name), {
      short: 'bare',
      unit: name === 'late' ? '%' : 'ms',
      note: NOTES[name],
    }),
  );
  return [
    lateBare,
    // Each beside the bare page just after it: what other programs do to the machine is in both.
    rowOf(
      'mcp-watchdog, more than that',
      ours.map(({ late }, at) => Math.max(0, late - bare[at].late)),
      {
        unit: '%',
        note: NOTES.late,
        target: { of: 'median', atMost: 0 },
      },
    ),
    longestBare,
    rowOf('mcp-watchdog', of(ours, 'longest'), {
      unit: 'ms',
      note: NOTES.longest,
      // A frame of 60 a second has 16.7.
      target: { of: 'median', atMost: 16 },
      floor: longestBare,
    }),
    frameBare,
    rowOf('mcp-watchdog', of(ours, 'frame'), { unit: 'ms', note: NOTES.frame, floor: frameBare }),
  ];
}

const NOTES = {
  late: `frames over ${LATE} ms`,
  longest: 'longest task, CPU',
  frame: 'main thread a frame, CPU',
};
