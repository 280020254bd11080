// How long a server that was frozen is away: nothing has exited, only a probe can tell.
import { answers, freePorts, timeToAnswer } from '../lib/http.mjs';
import { pm2, processCompose, runit, supervisord, watchdog } from '../lib/keepers.mjs';
import { listenerBelow, signal } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { context7 } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = 'SIGSTOP of context7 (http) until a new process answers';

const SETTINGS = {
  defaults: {
    restart: { stableAfter: '1s', budget: [] },
    probe: { interval: '1s', timeout: '1s', failures: 2 },
  },
};

export async function measure({ quick }) {
  const peers = [runit, pm2, supervisord, processCompose];
  const [port, barePort, ...peerPorts] = await freePorts(2 + peers.length);
  const frozen = [];
  for (const [index, peer] of peers.entries()) frozen.push(await freezeUnder(peer, peerPorts[index]));
  const began = performance.now();

  const keeper = await watchdog.start([context7(port)], SETTINGS);
  await timeToAnswer(port, performance.now());
  const [samples, bare] = [[], []];
  for (let round = 0; round < (quick ? 2 : 7); round += 1) {
    bare.push(await bareStart(barePort));
    // A time that is not in step with the probes, so that every part of their interval is met.
    await sleep(2500 + Math.random() * 1000);
    samples.push(await freezeOnce(keeper, port));
  }
  await keeper.stop();

  const floor = row({ who: 'bare node, spawn until it answers', short: 'bare', samples: bare, unit: 'ms' });
  const target = { of: 'median', atMost: 3500 };
  const waited = Math.floor((performance.now() - began) / 1000);
  const others = await Promise.all(frozen.map((one) => tell(one, waited)));
  return [
    floor,
    row({ who: watchdog.name, samples, unit: 'ms', floor, target, note: 'probe every 1 s' }),
    ...others,
  ];
}

async function bareStart(port) {
  const since = performance.now();
  const { stop } = start(context7(port).argv);
  const took = await timeToAnswer(port, since);
  await stop();
  return took;
}

async function freezeOnce({ pid }, port) {
  const victim = await until(() => listenerBelow(pid, port), { what: 'the server to listen' });
  const since = performance.now();
  signal(victim, 'SIGSTOP');
  // The kernel goes on taking connections for the frozen one: an answer can only come from a new one.
  return await timeToAnswer(port, since, { timeout: 100 });
}

async function freezeUnder(peer, port) {
  const why = peer.find();
  if (why !== null) return { peer, why };
  const { pid, stop } = await peer.start([context7(port)]);
  await timeToAnswer(port, performance.now());
  signal(await until(() => listenerBelow(pid, port), { what: 'the server to listen' }), 'SIGSTOP');
  return { peer, port, stop };
}

async function tell({ peer, why, port, stop }, waited) {
  if (why !== undefined) return absent(peer.name, why);
  const isBack = await answers(port, 500);
  await stop();
  return absent(peer.name, isBack ? `replaced within ${waited} s` : `still frozen after ${waited} s`);
}
