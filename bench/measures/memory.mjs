// What the daemon itself takes once it has settled, not counting the servers.
import { exchange, freePorts } from '../lib/http.mjs';
import { pm2, processCompose, processExporter, runit, supervisord, watchdog } from '../lib/keepers.mjs';
import { residentMegabytes } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { context7, fixtureOverStdio, tinyOverStdio } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'resident memory of the daemon alone';

/** Four probes and samples of each server, four scrapes, and the collections of garbage that they bring. */
const SETTLING = 60_000;

export async function begin({ quick }) {
  const bare = start([process.execPath, '-e', 'setInterval(() => {}, 1e9)']);
  const many = Array.from({ length: 100 }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  const keepers = [pm2, supervisord, runit, processCompose];
  const [port, ...peerPorts] = await freePorts(1 + keepers.length);
  const hundred = await watchdog.start(many);
  const one = await watchdog.start([context7(port)]);
  const peers = [];
  for (const [index, peer] of keepers.entries()) peers.push(await startPeer(peer, peerPorts[index]));
  // Of the server that mcp-watchdog keeps.
  peers.push(await startPeer(processExporter, port));
  const settled = settle([one, hundred, ...peers], quick ? SETTLING / 4 : SETTLING);
  // Whoever looks is told.
  settled.catch(() => {});
  let rows = [];
  return {
    async look() {
      await settled;
      rows = await look({ bare, one, hundred, peers });
      for (const { stop } of [bare, one, hundred, ...peers]) await stop?.();
    },
    async finish() {
      // Alone: their start keeps the machine busy for more than a minute.
      const more = quick ? [] : [await measureMany(rows[0])];
      return [...rows.slice(0, 3), ...more, ...rows.slice(3)];
    },
  };
}

/** With servers that are shells: five hundred of the others would be measured by how much memory the machine has. */
async function measureMany(floor) {
  const servers = Array.from({ length: 500 }, (_, index) => tinyOverStdio(`tiny-${index}`));
  const many = await watchdog.start(servers, {}, { within: 300_000 });
  await settle([many], SETTLING);
  const samples = await readEachSecond([many]);
  await many.stop();
  const target = { of: 'median', atMost: 200 };
  const who = 'mcp-watchdog, 500 servers';
  return row({ who, samples: samples.get(many), unit: 'MiB', floor, target, note: 'scraped' });
}

async function settle(daemons, duration) {
  for (let waited = 0; waited < duration; waited += 5000) {
    for (const { url } of daemons)
      if (url !== undefined) await exchange({ port: new URL(url).port, path: '/metrics' });
    await sleep(5000);
  }
}

async function readEachSecond(all) {
  const samples = new Map(all.map((each) => [each, []]));
  for (let second = 0; second < 10; second += 1) {
    for (const each of all) samples.get(each).push(await residentMegabytes(each.pid));
    await sleep(1000);
  }
  return samples;
}

async function startPeer(peer, port) {
  const why = peer.find();
  if (why !== null) return { who: peer.name, why };
  return { who: peer.name, ...(await peer.start([context7(port)])) };
}

async function look({ bare, one, hundred, peers }) {
  const all = [bare, one, hundred, ...peers.filter(({ why }) => why === undefined)];
  const samples = await readEachSecond(all);
  const of = (each, who, more) => row({ who, samples: samples.get(each), unit: 'MiB', ...more });
  const floor = of(bare, 'bare node, idle', { short: 'bare' });
  return [
    floor,
    of(one, 'mcp-watchdog, 1 server', { floor, target: { of: 'median', atMost: 62 }, note: 'scraped' }),
    of(hundred, 'mcp-watchdog, 100 servers', {
      floor,
      target: { of: 'median', atMost: 85 },
      note: 'scraped',
    }),
    ...peers.map((peer) =>
      peer.why === undefined ? of(peer, `${peer.who}, 1 server`, { floor }) : absent(peer.who, peer.why),
    ),
  ];
}
