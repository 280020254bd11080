// Nine hours of many laptops that send their samples: they come and go, run different versions, and one package breaks.
import { createMachine, packageOf, specOf } from './machine.mjs';
import { createRandom } from './random.mjs';

const MINUTE = 60_000;
const MIB = 1024 ** 2;
const TICK = MINUTE;
const HOURS = 9;
const MACHINES = 24;

/** @param end ms since the epoch; `wants` picks metrics by name @yields the texts of one minute after the other */
export async function* fleetStory({ end, wants }) {
  const start = end - HOURS * 60 * MINUTE;
  const laptops = Array.from({ length: MACHINES }, (_, index) => createLaptop(index, start));
  for (let minute = 0; minute < HOURS * 60; minute += 1) {
    const awake = laptops.filter((laptop) => laptop.live(minute));
    for (const { machine } of awake) yield machine.scrape(wants);
  }
}

function createLaptop(index, start) {
  const random = createRandom(index + 1);
  const machine = createMachine({
    at: start,
    tick: TICK,
    seed: index + 100,
    instance: `laptop-${String(index + 1).padStart(4, '0')}`,
    labels: { fleet: index % 6 === 5 ? 'build' : 'laptops' },
    version: index < 15 ? '0.1.0' : '0.2.0',
  });
  machine.say({ kind: 'config-loaded', path: 'config.yaml', ok: true, error: null });
  machine.say({ kind: 'delivery', owner: 'engine', wasOwner: 'us', reasons: [] });
  machine.say({ kind: 'engine', engine: 'alertmanager', isReachable: true, isHeardNow: true });
  addServers(machine, index);
  const troubles = troublesOf(machine, index, random);
  const naps = napsOf(index, random);
  return {
    machine,
    /** False while it sleeps. */
    live(minute) {
      const nap = naps.find(({ from, to }) => minute >= from && minute < to);
      if (nap !== undefined) return false;
      if (naps.some(({ to }) => to === minute)) {
        const { from, to } = naps.find((one) => one.to === minute);
        machine.sleep((to - from) * MINUTE);
      }
      machine.tick();
      for (const { at, happens } of troubles) if (at === minute) happens();
      return true;
    },
  };
}

function addServers(machine, index) {
  const limits = {
    memory: { soft: 400 * MIB, hard: 600 * MIB },
    cpu: { soft: 0.8, hard: null, for: 300_000 },
    nice: 0,
  };
  const base = 90 + 9 * index;
  const probe = { interval: 60_000, deepEvery: 1 };
  const context7 = index % 5 === 0 ? '4.1.0' : '4.1.1';
  const all = [
    {
      spec: specOf('context7', {
        source: packageOf('@upstash/context7-mcp'),
        transport: 'http',
        limits,
        probe,
      }),
      version: context7,
      latency: () => 6 + index,
      memory: () => (base + 20) * MIB,
      cores: () => 0.02,
    },
    {
      spec: specOf('files', { source: packageOf('@modelcontextprotocol/server-filesystem'), limits, probe }),
      version: '2026.8.31',
      memory: () => 74 * MIB,
    },
    {
      spec: specOf('github', { limits, probe }),
      version: index % 7 === 3 ? '0.19.0' : '0.20.1',
      memory: (age) => (60 + (index === 8 ? age / 130_000 : 3)) * MIB,
      latency: () => 11,
    },
  ];
  for (const settings of all.slice(0, index % 4 === 2 ? 2 : 3)) {
    machine.add(settings).start();
    const { name, source } = settings.spec;
    if (source.kind === 'package')
      look(machine, { name, package: source.package, running: settings.version });
  }
}

function look(machine, { name, package: published, running }) {
  const latest = name === 'context7' ? '4.1.1' : running;
  const candidate = latest === running ? null : latest;
  const outlook = { server: name, package: published, running, latest, candidate, held: [], error: null };
  machine.say({ kind: 'update-checked', server: name, outlook });
}

/** Two that crash by themselves, and a broken service that takes `github` away from half of them for a while. */
function troublesOf(machine, index, random) {
  const crash = (server) => () => machine.server(server).restart('exit', { code: 1 });
  const own = [3, 8, 16].includes(index)
    ? [230, 300, 340, 410, 480, 500].map((at) => ({ at: at + index, happens: crash('files') }))
    : [];
  const github = machine.server('github');
  const mute = (isMute) => () => Object.assign(github, { isMute });
  const outage =
    github !== undefined && index % 2 === 0
      ? [
          { at: 330 + Math.round(6 * random.next()), happens: mute(true) },
          { at: 352, happens: () => github.restart('probe', { code: null, signal: 'SIGTERM' }) },
        ]
      : [];
  const gaveUp = index === 16 ? [{ at: 505, happens: () => giveUp(machine.server('files')) }] : [];
  const alone =
    index === 4 || index === 11
      ? [
          {
            at: 420,
            happens: () => machine.say({ kind: 'delivery', owner: 'us', wasOwner: 'engine', reasons: [] }),
          },
        ]
      : [];
  return [...own, ...outage, ...gaveUp, ...alone];
}

function giveUp(server) {
  server.end(1);
  server.wait('crash_looping', 300_000, 0);
}

/** When its lid is closed, in minutes. */
function napsOf(index, random) {
  if (index % 6 === 5) return [];
  if (index === 20) return [{ from: 250, to: Infinity }];
  const from = 120 + Math.round(300 * random.next());
  const naps = [{ from, to: from + 20 + Math.round(70 * random.next()) }];
  return index % 5 === 1 ? [...naps, { from: 525, to: Infinity }] : naps;
}
