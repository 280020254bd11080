// Nine hours of one machine, of which the last six are shown: a crash, a sleep, a leak, an update, a server that gives up.
import { createMachine, packageOf, specOf } from './machine.mjs';

const MINUTE = 60_000;
const MIB = 1024 ** 2;
const TICK = 15_000;
/** What is looked back on before the first minute that is shown. */
const BEFORE = 180;
const SHOWN = 360;
/** When the lid is closed, and for how long. */
const NAP = { from: 120, minutes: 35 };

/** @param time in seconds */
export function isAsleep(time, end) {
  const minute = (time - end) / 60 + SHOWN;
  return minute > NAP.from && minute <= NAP.from + NAP.minutes;
}

/** @param end ms since the epoch @yields the text of one scrape after the other */
export async function* machineStory({ end }) {
  const shown = end - SHOWN * MINUTE;
  const machine = createMachine({
    at: shown - BEFORE * MINUTE,
    tick: TICK,
    seed: 7,
    instance: 'laptop-0001',
  });
  addServers(machine);
  const events = eventsOf(machine).sort((a, b) => a.minute - b.minute);
  while (machine.at < end) {
    const minute = (machine.at - shown) / MINUTE;
    while (events.length > 0 && events[0].minute <= minute) events.shift().happens();
    machine.tick();
    yield machine.scrape();
  }
}

function addServers(machine) {
  machine.say({ kind: 'config-loaded', path: 'config.yaml', ok: true, error: null });
  machine.say({ kind: 'delivery', owner: 'engine', wasOwner: 'us', reasons: [] });
  machine.say({ kind: 'engine', engine: 'alertmanager', isReachable: true, isHeardNow: true });
  const limits = (soft, hard, cpu = 0.8) => ({
    memory: { soft: soft * MIB, hard: hard * MIB },
    cpu: { soft: cpu, hard: null, for: 300_000 },
    nice: 0,
  });
  const grows = (start, perHour) => (age) => (start + (perHour * age) / 3_600_000) * MIB;
  const { random } = machine;
  for (const settings of [
    {
      spec: specOf('context7', {
        source: packageOf('@upstash/context7-mcp'),
        transport: 'http',
        limits: limits(400, 600),
      }),
      version: '4.1.0',
      latency: () => 7,
      memory: () => (118 + 6 * Math.sin(machine.at / 4_000_000)) * MIB,
      cores: () => 0.02,
      tools: 2,
      protocol: '2026-07-28',
    },
    {
      spec: specOf('browser', { source: packageOf('@playwright/mcp'), limits: limits(900, 1200) }),
      version: '0.0.41',
      latency: () => 14,
      memory: grows(270, 118),
      cores: () => (Math.sin(machine.at / 2_100_000) > 0.6 ? 0.7 : 0.09),
      processes: 6,
      tools: 21,
    },
    {
      spec: specOf('files', {
        source: packageOf('@modelcontextprotocol/server-filesystem'),
        limits: limits(200, 400),
      }),
      version: '2026.8.31',
      latency: () => 2.2,
      memory: () => 74 * MIB,
      cores: () => (random.next() < 0.04 ? 0.5 : 0.006),
      tools: 14,
    },
    {
      spec: specOf('github', { limits: limits(256, 512) }),
      version: '0.20.1',
      latency: () => 4.5,
      memory: () => 41 * MIB,
      tools: 38,
    },
    {
      spec: specOf('search', { source: packageOf('@acme/search-mcp'), limits: limits(300, 500) }),
      version: '1.4.2',
      latency: () => 22,
      memory: () => (131 + 20 * Math.sin(machine.at / 1_500_000)) * MIB,
      cores: () => 0.05,
      tools: 3,
    },
  ])
    machine.add(settings).start();
  machine.add({ spec: specOf('scratch', { enabled: false }), version: '' }).stop();
}

function eventsOf(machine) {
  const at = (minute, happens) => ({ minute, happens });
  return [
    ...troubles(machine, at),
    ...update(machine, at),
    ...ownTroubles(machine, at),
    ...giveUp(machine, at),
  ];
}

function troubles(machine, at) {
  const server = (name) => machine.server(name);
  return [
    at(35, () => server('github').restart('signal', { code: null, signal: 'SIGSEGV' })),
    at(70, () => Object.assign(server('search'), { latency: () => 2600 })),
    at(86, () => Object.assign(server('search'), { latency: () => 22 })),
    at(NAP.from, () => machine.sleep(NAP.minutes * MINUTE)),
    at(190, () => Object.assign(server('files'), { isMute: true })),
    at(191, () => server('files').restart('probe', { code: null, signal: 'SIGTERM' })),
    at(322, () => server('browser').restart('memory', { code: null, signal: 'SIGTERM' })),
  ];
}

/** A newer version comes out, waits for its age, and is taken in the fifth hour. */
function update(machine, at) {
  const [from, to] = ['4.1.0', '4.1.1'];
  const server = 'context7';
  const outlook = (running, candidate, held = []) => ({
    server,
    package: '@upstash/context7-mcp',
    running,
    latest: to,
    candidate,
    held,
    error: null,
  });
  const moved = (phase) => () => {
    const progress = { phase, from, to, by: 'schedule', since: machine.at, until: null, detail: null };
    machine.say({ kind: 'update-moved', server, progress });
  };
  const memory = {
    previous: from,
    bad: [],
    pinned: null,
    chosen: null,
    last: { at: 0, from, to, result: 'committed', reason: null },
  };
  const young = [{ version: to, reason: 'minimum_age', detail: 'published a day ago' }];
  return [
    at(-170, () => machine.say({ kind: 'update-checked', server, outlook: outlook(from, null, young) })),
    at(-170, () => others(machine)),
    at(170, () => machine.say({ kind: 'update-checked', server, outlook: outlook(from, to) })),
    at(259, moved('installing')),
    at(260, moved('switching')),
    at(260, () => machine.server(server).restart('update', { code: 0, version: to })),
    at(260.1, moved('probation')),
    at(271, () => machine.say({ kind: 'update-settled', server, memory, isNews: true })),
    at(271.1, () => machine.say({ kind: 'update-checked', server, outlook: outlook(to, null) })),
  ];
}

/** The other packages: one could be updated, the rest is the newest. */
function others(machine) {
  for (const [server, name, running, latest] of [
    ['browser', '@playwright/mcp', '0.0.41', '0.0.43'],
    ['files', '@modelcontextprotocol/server-filesystem', '2026.8.31', '2026.8.31'],
    ['search', '@acme/search-mcp', '1.4.2', '1.4.2'],
  ]) {
    const candidate = latest === running ? null : latest;
    const outlook = { server, package: name, running, latest, candidate, held: [], error: null };
    machine.say({ kind: 'update-checked', server, outlook });
  }
}

function ownTroubles(machine, at) {
  const told =
    (result, reason, channel = 'desktop') =>
    () =>
      machine.say({ kind: 'notified', channel, result, reason, detail: null, count: 1 });
  const loaded = (ok) => () =>
    machine.say({ kind: 'config-loaded', path: 'config.yaml', ok, error: ok ? null : 'unknown key' });
  const away = (isAway) => () => {
    const [owner, wasOwner] = isAway ? ['us', 'engine'] : ['engine', 'us'];
    machine.say({ kind: 'delivery', owner, wasOwner, reasons: [] });
    machine.say({ kind: 'engine', engine: 'alertmanager', isReachable: !isAway, isHeardNow: !isAway });
  };
  return [
    at(36, told('sent', null)),
    at(75, told('sent', null)),
    at(76, told('suppressed', 'repeat')),
    at(192, told('sent', null)),
    at(235, loaded(false)),
    at(237, told('sent', null)),
    at(241, loaded(true)),
    at(283, away(true)),
    at(290, away(false)),
    at(285, told('failed', 'timeout', 'webhook')),
    at(286, told('sent', null, 'webhook')),
    at(341, told('sent', null)),
    at(342, told('sent', null, 'webhook')),
  ];
}

/** Dies after each start, until it gets only one attempt each five minutes. */
function giveUp(machine, at) {
  const die = (phase, delay, budget) => () => {
    machine.server('search').end(1);
    machine.server('search').wait(phase, delay, budget);
  };
  const again = () => {
    machine.say({ kind: 'restarted', server: 'search', reason: 'exit', detail: null });
    machine.server('search').start();
  };
  const tries = [0, 1, 2, 3].flatMap((n) => [
    at(338 + n * 0.75, die('backoff', 500 * 2 ** n, 4 - n)),
    at(338.5 + n * 0.75, again),
  ]);
  const late = [345, 350, 355].flatMap((minute) => [
    at(minute, again),
    at(minute + 0.5, die('crash_looping', 300_000, 0)),
  ]);
  return [...tries, at(341, die('crash_looping', 300_000, 0)), ...late];
}
