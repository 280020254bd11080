// What the daemon itself burns while ten servers do nothing.
import { exchange, freePorts, timeToAnswer } from '../lib/http.mjs';
import { pm2, processCompose, processExporter, supervisord, watchdog } from '../lib/keepers.mjs';
import { endedTime, threadTime, wakeups } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { fixtureOverHttp, fixtureOverStdio } from '../lib/servers.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'processor time of the daemon with 10 servers';

/**
 * A start is over then: servers count as stable and orphans are searched for after a minute, and the heap of the start is collected.
 * In a shorter time the servers over stdio, which are started last, would be measured in the middle of it.
 */
const SETTLING = 100_000;
const SCRAPE_INTERVAL = 15_000;

export async function measure({ quick }) {
  const keepers = [];
  for (const keeper of [pm2, supervisord, processCompose, watchdog]) keepers.push(await startTen(keeper));
  keepers.push(await startTenOverStdio());
  keepers.push(await startExporter(keepers.find(({ keeper }) => keeper === watchdog).servers));
  await sleep(SETTLING);

  const taking = keepers.filter(({ why }) => why === undefined);
  const since = performance.now();
  const before = await Promise.all(taking.map(({ pid }) => timeOf(pid)));
  const wokenBefore = await Promise.all(taking.map(({ pid }) => wakeups(pid)));
  for (let round = 0; round < (quick ? 1 : 4); round += 1) {
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
  return report(keepers);
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
        ...(keeper === watchdog ? { target: { of: 'median', atMost: 2 }, note: over } : {}),
      }),
    );
}

function processorRows(keepers) {
  const rows = keepers.map(({ keeper, why, percent, over = 'http' }) =>
    why === undefined
      ? { ...row({ who: keeper.name, samples: [percent], unit: '%' }), over }
      : absent(keeper.name, why),
  );
  const floor = rows.find(({ who }) => who === pm2.name && who.why === undefined);
  return rows.map((each) => {
    if (each.why !== undefined || each === floor) return each;
    const isOurs = each.who === watchdog.name;
    return row({
      ...each,
      floor,
      ...(isOurs && {
        target: { of: 'median', atMost: each.over === 'stdio' ? 0.15 : 0.2 },
        note: `${each.over}, scraped each 15 s`,
      }),
      ...(each.who === processExporter.name && { note: 'only measures, scraped each 15 s' }),
    });
  });
}
