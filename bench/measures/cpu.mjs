// What the daemon itself burns while ten servers do nothing.
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { exchange, freePorts, timeToAnswer } from '../lib/http.mjs';
import { pm2, processCompose, processExporter, supervisord, watchdog } from '../lib/keepers.mjs';
import { endedTime, threadTime, wakeups } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { fixtureOverHttp, fixtureOverStdio } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'processor time of the daemon with 10 servers';

/**
 * A start is over then: servers count as stable and orphans are searched for after a minute, and the heap of the start is collected.
 * In a shorter time the servers over stdio, which are started last, would be measured in the middle of it.
 */
const SETTLING = 100_000;
const SCRAPE_INTERVAL = 15_000;
/** Four minutes: V8 collects the whole heap of the daemon every two to three, which is a fifth of what a minute takes, and would be in some runs only. */
const ROUNDS = 16;
/** Ms after the last of what settled beside it has ended: a tick later nobody looks for it any more. */
const AFTER_OTHERS = 16_000;
const BARE = fileURLToPath(new URL('../programs/bare-keeper.mjs', import.meta.url));
/** Bytes that the bare program hands out: what a daemon with ten servers does. */
const TEXT = 98 * 1024;

export async function begin({ quick }) {
  const keepers = [];
  for (const keeper of [pm2, supervisord, processCompose, watchdog]) keepers.push(await startTen(keeper));
  keepers.push(await startTenOverStdio());
  keepers.push(await startExporter(keepers.find(({ keeper }) => keeper === watchdog).servers));
  for (const over of ['http', 'stdio']) keepers.push(await startBare(over));
  const since = performance.now();
  return {
    async look() {
      await sleep(Math.max(AFTER_OTHERS, since + SETTLING - performance.now()));
      await look(keepers, quick ? 1 : ROUNDS);
    },
    finish: () => report(keepers),
  };
}

async function look(keepers, rounds) {
  const taking = keepers.filter(({ why }) => why === undefined);
  const since = performance.now();
  const before = await Promise.all(taking.map(({ pid }) => timeOf(pid)));
  const wokenBefore = await Promise.all(taking.map(({ pid }) => wakeups(pid)));
  for (let round = 0; round < rounds; round += 1) {
    for (const { url } of taking)
      if (url !== undefined) await exchange({ port: new URL(url).port, path: '/metrics' });
    await sleep(SCRAPE_INTERVAL);
  }
  const after = await Promise.all(taking.map(({ pid }) => timeOf(pid)));
  const woken = await Promise.all(taking.map(({ pid }) => wakeups(pid)));
  const wall = performance.now() - since;
  for (const [index, one] of taking.entries()) {
    one.percent = ((after[index] - before[index]) / wall) * 100;
    one.woken = woken[index] === null ? null : ((woken[index] - wokenBefore[index]) / wall) * 1000;
  }
  for (const { stop } of taking) await stop();
}

/** Of its threads, exactly, and of children that have ended, in hundredths of a second. */
async function timeOf(pid) {
  return (await threadTime(pid)) + (await endedTime(pid));
}

async function startTen(keeper) {
  const why = keeper.find();
  if (why !== null) return { keeper, why };
  const ports = await freePorts(10);
  const servers = ports.map((port, index) => fixtureOverHttp(port, `fixture-${index}`));
  const running = await keeper.start(servers);
  for (const port of ports) await timeToAnswer(port, performance.now());
  return { keeper, servers, ...running };
}

/** Measures the servers that mcp-watchdog keeps over HTTP. */
async function startExporter(servers) {
  const why = processExporter.find();
  return { keeper: processExporter, ...(why === null ? await processExporter.start(servers) : { why }) };
}

/** Only ours can: the others have no client for a pipe. */
async function startTenOverStdio() {
  const servers = Array.from({ length: 10 }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  return { keeper: watchdog, over: 'stdio', ...(await watchdog.start(servers)) };
}

/** The least that keeping, asking and measuring ten servers can cost. It starts them itself. */
async function startBare(over) {
  const ports = over === 'http' ? await freePorts(10) : Array.from({ length: 10 }, () => null);
  const servers = ports.map((port, index) =>
    port === null ? fixtureOverStdio(`fixture-${index}`) : fixtureOverHttp(port, `fixture-${index}`),
  );
  const list = JSON.stringify(servers.map(({ argv, port }) => ({ argv, port })));
  const running = start([process.execPath, BARE, String(TEXT), list], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve) => {
    createInterface({ input: running.stdout }).once('line', resolve);
  });
  return { keeper: bare, over, url, ...running };
}

const bare = { name: 'bare keeper' };
const NOTE = 'scraped each 15 s';

function report(keepers) {
  return [...processorRows(keepers), ...wakeupRows(keepers)];
}

/** By all threads. The peers only wait: they neither probe nor are scraped. */
function wakeupRows(keepers) {
  return keepers
    .filter(({ why, woken }) => why === undefined && woken !== null)
    .map(({ keeper, woken, over = 'http' }) =>
      row({
        who: `${keeper.name}, wake-ups`,
        samples: [woken],
        unit: '/s',
        ...((keeper === watchdog || keeper === bare) && { note: over }),
        ...(keeper === watchdog && { target: { of: 'median', atMost: 2 } }),
      }),
    );
}

function processorRows(keepers) {
  const of = (keeper) => keepers.filter((one) => one.keeper === keeper);
  const [first] = of(pm2).map((one) => plain(one));
  const beside = first.why === undefined ? first : undefined;
  const peers = keepers.filter(({ keeper }) => ![pm2, bare, watchdog].includes(keeper));
  const floors = new Map(of(bare).map((one) => [one.over, { ...plain(one), short: 'bare' }]));
  return [
    first,
    ...peers.map((one) =>
      plain(one, {
        floor: beside,
        ...(one.keeper === processExporter && { note: `only measures, ${NOTE}` }),
      }),
    ),
    ...of(watchdog).flatMap((one) => {
      const over = one.over ?? 'http';
      const floor = floors.get(over);
      const target = { of: 'median', atMost: over === 'stdio' ? 0.15 : 0.2 };
      const own = plain(one, { note: `${over}, ${NOTE}`, floor, target });
      if (beside === undefined) return [floor, own];
      const half = { who: `${watchdog.name} beside pm2`, note: over, target: { of: 'ratio', atMost: 0.5 } };
      return [floor, own, plain(one, { ...half, floor: beside })];
    }),
  ];
}

function plain({ keeper, why, percent, over }, more) {
  if (why !== undefined) return absent(keeper.name, why);
  const note = keeper === bare ? { note: `${over}, ${NOTE}` } : {};
  return row({ who: keeper.name, samples: [percent], unit: '%', ...note, ...more });
}
