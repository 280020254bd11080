// How long a server that was killed is away, under each keeper, beside the time it needs to start at all.
import { freePorts, timeToAnswer } from '../lib/http.mjs';
import { pm2, processCompose, runit, supervisord, watchdog } from '../lib/keepers.mjs';
import { listenerBelow, signal } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { context7 } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = 'kill -9 of context7 (http) until it answers MCP again';

/** Every keeper gives a server that ran this long its immediate restart; for ours it is set so. */
const STABLE = 2500;
const SETTINGS = { defaults: { restart: { stableAfter: '1s', budget: [] } } };

export async function measure({ quick }) {
  const keepers = [watchdog, runit, pm2, supervisord, processCompose];
  const ports = await freePorts(keepers.length + 1);
  const contestants = [await bareStart(ports[0])];
  for (const [index, keeper] of keepers.entries()) contestants.push(await kept(keeper, ports[index + 1]));

  // In turns and in changing order: what the machine does meanwhile hits all alike.
  const taking = contestants.filter(({ once }) => once !== undefined);
  for (let round = 0; round < (quick ? 3 : 11); round += 1) {
    const shift = round % taking.length;
    for (const one of [...taking.slice(shift), ...taking.slice(0, shift)]) one.samples.push(await one.once());
  }
  await Promise.all(taking.map(({ stop }) => stop()));

  const floor = row({
    who: 'bare node, spawn until it answers',
    short: 'bare',
    samples: contestants[0].samples,
    unit: 'ms',
  });
  const others = contestants.slice(1).map(({ who, why, samples, target }) => {
    if (why !== undefined) return absent(who, why);
    return row({ who, samples, unit: 'ms', floor, ...(target === undefined ? {} : { target }) });
  });
  return [floor, ...others];
}

async function bareStart(port) {
  const server = context7(port);
  async function once() {
    const since = performance.now();
    const { stop } = start(server.argv);
    const took = await timeToAnswer(port, since);
    await stop();
    return took;
  }
  // The first one reads the files from the disk.
  await once();
  return { who: 'bare', samples: [], once, stop: async () => {} };
}

async function kept(keeper, port) {
  const why = keeper.find();
  if (why !== null) return { who: keeper.name, why };
  const server = context7(port);
  const { pid, stop } = await keeper.start([server], SETTINGS);
  await timeToAnswer(port, performance.now());
  let readySince = performance.now();

  async function once() {
    await sleep(Math.max(0, readySince + STABLE - performance.now()));
    const victim = await until(() => listenerBelow(pid, port), { what: `${keeper.name} to have its server` });
    const since = performance.now();
    signal(victim, 'SIGKILL');
    const took = await timeToAnswer(port, since);
    readySince = performance.now();
    return took;
  }
  const target = keeper === watchdog ? { of: 'ratio', atMost: 1.05 } : undefined;
  return { who: keeper.name, samples: [], once, stop, target };
}
