// What the daemon itself takes once it has settled, not counting the servers.
import { exchange, freePorts } from '../lib/http.mjs';
import { pm2, processCompose, processExporter, runit, supervisord, watchdog } from '../lib/keepers.mjs';
import { residentMegabytes } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { context7, fixtureOverStdio } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'resident memory of the daemon alone';

/** Four probes and samples of each server, four scrapes, and the collections of garbage that they bring. */
const SETTLING = 60_000;

export async function measure({ quick }) {
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

  const settling = quick ? SETTLING / 4 : SETTLING;
  for (let waited = 0; waited < settling; waited += 5000) {
    for (const { url } of [one, hundred, ...peers])
      if (url !== undefined) await exchange({ port: new URL(url).port, path: '/metrics' });
    await sleep(5000);
  }
  const rows = await look({ bare, one, hundred, peers });
  for (const { stop } of [bare, one, hundred, ...peers]) await stop?.();
  return rows;
}

async function startPeer(peer, port) {
  const why = peer.find();
  if (why !== null) return { who: peer.name, why };
  return { who: peer.name, ...(await peer.start([context7(port)])) };
}

async function look({ bare, one, hundred, peers }) {
  const all = [bare, one, hundred, ...peers.filter(({ why }) => why === undefined)];
  const samples = new Map(all.map((each) => [each, []]));
  for (let second = 0; second < 10; second += 1) {
    for (const each of all) samples.get(each).push(await residentMegabytes(each.pid));
    await sleep(1000);
  }
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
