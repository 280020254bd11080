// What is left after five minutes in which something breaks every two seconds: nothing may be, and every fault is counted once.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAULTS } from '../lib/faults.mjs';
import { exchange, freePorts } from '../lib/http.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { processesWith, residentMegabytes, signal } from '../lib/processes.mjs';
import { row } from '../lib/rows.mjs';
import { victim } from '../lib/servers.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = '20 servers, a random fault every 2 s for 5 minutes, and the daemon killed each minute';

const SERVERS = 20;
const EVERY = 2000;
const LASTS = 300_000;
const DAEMON_KILLED_EVERY = 60_000;
/** A daemon grows in its first minutes whatever happens, so that before and after are looked at in the same age, ms. */
const AGE = 75_000;
/** Memory goes up and down between two collections: the lowest of so many seconds is what is really kept. */
const LOOKS = 30;
const SETTINGS = {
  preload: fileURLToPath(new URL('../programs/loop-delay.mjs', import.meta.url)),
  sampling: { interval: '1s' },
  defaults: {
    restart: { initialDelay: '200ms', maxDelay: '2s', stableAfter: '1s', budget: [] },
    probe: { interval: '1s', timeout: '2s', failures: 3 },
    limits: { memory: { soft: '200MiB', hard: '300MiB' } },
    logs: { maxSize: '1MiB', keep: 2 },
  },
};

export async function measure({ quick }) {
  const ports = await freePorts(SERVERS / 2);
  const servers = Array.from({ length: SERVERS }, (_, index) =>
    victim(ports[index] ?? null, `${index < ports.length ? 'http' : 'stdio'}-${index}`),
  );
  const soak = {
    daemon: await watchdog.start(servers, SETTINGS),
    bornAt: performance.now(),
    servers,
    expected: new Map(),
    away: {},
    ownDeaths: [],
  };
  await allUp(soak);
  await ripen(soak);
  const before = await costOf(soak.daemon.pid);
  await torment(soak, quick ? LASTS / 5 : LASTS);
  await allUp(soak);
  await ripen(soak);
  const after = await costOf(soak.daemon.pid);
  const rows = [
    ...timesAway(soak),
    ...(await leftOver(soak)),
    ...grown(before, after),
    await loopDelays(soak),
  ];
  await soak.daemon.stop();
  return rows;
}

async function ripen({ bornAt }) {
  await sleep(Math.max(0, bornAt + AGE - performance.now()));
}

async function torment(soak, duration) {
  const end = performance.now() + duration;
  let nextDeath = performance.now() + Math.min(DAEMON_KILLED_EVERY, duration / 2);
  const recoveries = [];
  while (performance.now() < end) {
    const next = sleep(EVERY);
    if (performance.now() >= nextDeath) {
      // A fault that is still being dealt with would count once more as an end that nobody saw.
      await Promise.all(recoveries.splice(0));
      await killDaemon(soak);
      nextDeath += DAEMON_KILLED_EVERY;
    } else recoveries.push(breakOne(soak));
    await next;
  }
  await Promise.all(recoveries);
}

/** Breaks one server that is well, and waits until it is well again. */
async function breakOne(soak) {
  const { servers } = await statusOf(soak);
  const well = servers.filter((server) => isUp(server) && !busy.has(server.name));
  const chosen = pick(well);
  if (chosen === undefined) return;
  const { port } = soak.servers.find(({ name }) => name === chosen.name);
  const [kind, fault] = pick(
    Object.entries(FAULTS).filter(([, { needsPort }]) => !needsPort || port !== null),
  );
  busy.add(chosen.name);
  try {
    const since = performance.now();
    await fault.commit({ pid: chosen.pid, port, daemon: soak.daemon.pid });
    if (fault.reason !== null) {
      count(soak.expected, `${chosen.name} ${fault.reason}`);
      await wellAgain(soak, chosen);
    } else await sleep(EVERY);
    (soak.away[kind] ??= []).push(performance.now() - since);
  } finally {
    busy.delete(chosen.name);
  }
}

const busy = new Set();

function wellAgain(soak, { name, run }) {
  const isBack = async () =>
    (await statusOf(soak)).servers.some((now) => now.name === name && now.run > run && isUp(now));
  return until(isBack, { within: 60_000, every: 200, what: `${name} to be well again` });
}

async function killDaemon(soak) {
  const { servers } = await statusOf(soak);
  const since = performance.now();
  signal(soak.daemon.pid, 'SIGKILL');
  await soak.daemon.ended;
  for (const { name } of servers) count(soak.expected, `${name} unobserved`);
  soak.daemon = await soak.daemon.again();
  soak.bornAt = performance.now();
  await allUp(soak);
  soak.ownDeaths.push(performance.now() - since);
}

function allUp(soak) {
  const areUp = async () => (await statusOf(soak)).servers.filter(isUp).length === SERVERS;
  return until(areUp, { within: 90_000, every: 250, what: 'every server to be up' });
}

function isUp({ state, health }) {
  return state === 'running' && health.up === true;
}

async function statusOf({ daemon: { port } }) {
  const { body } = await exchange({ port, path: '/api/v1/status' });
  return JSON.parse(body.toString());
}

async function costOf(pid) {
  let lowest = Infinity;
  for (let look = 0; look < LOOKS; look += 1) {
    lowest = Math.min(lowest, await residentMegabytes(pid));
    await sleep(1000);
  }
  return { memory: [lowest], files: [(await readdir(`/proc/${pid}/fd`)).length] };
}

function timesAway({ away, ownDeaths }) {
  return [
    ...Object.entries(away).map(([kind, samples]) =>
      row({
        who: `${kind}: ${kind === 'flood' ? 'lives on' : 'until it is well again'}`,
        samples,
        unit: 'ms',
      }),
    ),
    row({ who: 'daemon killed: until all are well again', samples: ownDeaths, unit: 'ms' }),
  ];
}

async function leftOver(soak) {
  const { servers } = await statusOf(soak);
  const counted = new Map(
    servers.flatMap(({ name, restarts }) =>
      Object.entries(restarts).flatMap(([reason, times]) =>
        times > 0 ? [[`${name} ${reason}`, times]] : [],
      ),
    ),
  );
  const keys = new Set([...counted.keys(), ...soak.expected.keys()]);
  const wrong = [...keys].filter((key) => counted.get(key) !== soak.expected.get(key));
  for (const key of wrong) {
    process.stderr.write(`${key}: counted ${counted.get(key) ?? 0}, done ${soak.expected.get(key) ?? 0}\n`);
  }
  const faults = [...soak.expected.values()].reduce((sum, times) => sum + times, 0);
  const running = await processesWith('victim.mjs');
  const none = { of: 'median', atMost: 0 };
  return [
    row({
      who: 'servers that are not up afterwards',
      samples: [servers.filter((one) => !isUp(one)).length],
      unit: `of ${SERVERS}`,
      target: none,
    }),
    row({ who: 'processes left over', samples: [running - SERVERS], unit: '', target: none }),
    row({
      who: 'counters that do not equal the faults',
      samples: [wrong.length],
      unit: `of ${faults}`,
      target: none,
    }),
  ];
}

function grown(before, after) {
  const target = { of: 'ratio', atMost: 1.1 };
  return [
    ['resident memory of the daemon afterwards, lowest of 30 s', 'memory', 'MiB'],
    ['open files of the daemon afterwards', 'files', ''],
  ].map(([who, key, unit]) => {
    const floor = row({ who: 'before', samples: before[key], unit });
    return row({ who, samples: after[key], unit, floor, target });
  });
}

/** One figure for each of its daemons, those that were killed included. */
async function loopDelays({ daemon: { home } }) {
  const files = (await readdir(home)).filter((name) => name.startsWith('loop-delay-'));
  const samples = await Promise.all(
    files.map(async (name) => Number(await readFile(join(home, name), 'utf8'))),
  );
  const target = { of: 'median', atMost: 20 };
  return row({ who: 'event loop of a daemon, 99th percentile of its delay', samples, unit: 'ms', target });
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}
