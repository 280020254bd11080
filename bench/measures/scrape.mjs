// How long a scrape takes, beside a bare server that hands out as many bytes.
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../lib/clean-up.mjs';
import { createScraper } from '../lib/http.mjs';
import { watchdog } from '../lib/keepers.mjs';
import { row } from '../lib/rows.mjs';
import { fixtureOverStdio } from '../lib/servers.mjs';
import { start } from '../lib/start.mjs';
import { sleep } from '../lib/wait.mjs';

export const title = 'one scrape of /metrics over a kept connection';

const BARE = fileURLToPath(new URL('../programs/bare-http.mjs', import.meta.url));
const SYNTHETIC = fileURLToPath(new URL('../programs/synthetic.mjs', import.meta.url));
/** Everything is measured anew meanwhile, so that the text cannot be the last one. */
const FRESH = { defaults: { probe: { interval: '500ms' } }, sampling: { interval: '1s' } };
const FRESH_PAUSE = 1600;
/** Of the time between two scrapes, after which a fleet is measured anew: as where ticks come, and some time later a scrape. */
const MEASURED_AFTER = 500;
/** A pause that no scrape before could tell: a quarter shorter or longer in turns. */
const UNFORESEEN = (index) => FRESH_PAUSE * (index % 2 === 0 ? 1.25 : 0.95);

export async function measure({ quick }) {
  const times = quick ? 50 : 200;
  const servers = Array.from({ length: 10 }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  const small = await watchdog.start(servers, FRESH);
  // The ten are still warm from their start.
  await sleep(3000);
  const repeated = await scrape(`${small.url}/metrics`, { times });
  const rarely = { times: quick ? 8 : 15, pause: FRESH_PAUSE };
  const fresh = await scrape(`${small.url}/metrics`, rarely);
  const unforeseen = await scrape(`${small.url}/metrics`, { ...rarely, pause: UNFORESEEN });
  await small.stop();
  const smallFloor = await scrapeBare(fresh.bytes, { times });
  // What nobody asked for some time is slower for everybody: caches of the processor, threads that sleep.
  const smallRare = await scrapeBare(fresh.bytes, rarely);

  const large = await startSaying(SYNTHETIC, ['1000', await temporaryFolder()]);
  const largeRepeated = await scrape(`${large.url}/metrics`, { times });
  const largeRarely = { times: quick ? 5 : 10 };
  const largeFresh = await scrape(`${large.url}/metrics`, {
    ...largeRarely,
    pause: FRESH_PAUSE - MEASURED_AFTER,
    async before() {
      await sleep(MEASURED_AFTER);
      await large.stir();
    },
  });
  const largeUnforeseen = await scrape(`${large.url}/metrics`, { times: quick ? 5 : 20, before: large.stir });
  const stretches = await longestStretches(large, quick ? 5 : 20);
  await large.stop();
  const largeFloor = await scrapeBare(largeFresh.bytes, { times });
  const largeRare = await scrapeBare(largeFresh.bytes, { ...largeRarely, pause: FRESH_PAUSE });

  return [
    ...rowsOf('10 servers', {
      floor: smallFloor,
      rare: smallRare,
      repeated,
      fresh,
      unforeseen,
      atMost: { repeated: 2, fresh: 1 },
    }),
    ...rowsOf('1,000 synthetic servers', {
      floor: largeFloor,
      rare: largeRare,
      repeated: largeRepeated,
      fresh: largeFresh,
      unforeseen: largeUnforeseen,
      atMost: { repeated: 5, fresh: 40 },
    }),
    row({
      who: 'mcp-watchdog, 1,000 synthetic servers, longest stretch of the event loop',
      note: 'all measured anew, unforeseen',
      samples: stretches,
      unit: 'ms',
      target: { of: 'median', atMost: 8 },
    }),
  ];
}

/** Of a scrape that has everything to write; apart from those that are timed, since looking takes a processor. */
async function longestStretches({ url, stir, ask }, times) {
  const scraper = createScraper(`${url}/metrics`);
  const samples = [];
  for (let index = -3; index < times; index += 1) {
    await stir();
    await ask('watch');
    await scraper.scrape();
    const longest = Number(await ask('tell'));
    if (index >= 0) samples.push(longest);
  }
  scraper.close();
  return samples;
}

function rowsOf(what, { floor: bare, rare, repeated, fresh, unforeseen, atMost }) {
  const who = `bare node, ${(bare.bytes / 1024).toFixed(0)} KiB from memory`;
  const floor = row({ who, short: 'bare', samples: bare.samples, unit: 'ms' });
  const rareFloor = row({
    who: `${who}, every 1.6 s`,
    short: 'bare, every 1.6 s',
    samples: rare.samples,
    unit: 'ms',
  });
  const own = (note, { samples }, rest) =>
    row({ who: `mcp-watchdog, ${what}`, note, samples, unit: 'ms', ...rest });
  const target = (most) => ({ target: { of: 'median', atMost: most } });
  return [
    floor,
    rareFloor,
    own('unchanged', repeated, { floor, ...target(atMost.repeated) }),
    own('all measured anew', fresh, { floor: rareFloor, ...target(atMost.fresh) }),
    own('all measured anew, unforeseen', unforeseen, { floor: rareFloor }),
  ];
}

async function scrape(url, { times, pause = 0, before = async () => {} }) {
  const scraper = createScraper(url);
  const samples = [];
  let bytes = 0;
  for (let index = -3; index < times; index += 1) {
    await before();
    await sleep(typeof pause === 'function' ? pause(index) : pause);
    const got = await scraper.scrape();
    bytes = got.bytes;
    // The first ones warm up both ends.
    if (index >= 0) samples.push(got.took);
  }
  scraper.close();
  return { samples, bytes };
}

async function scrapeBare(bytes, options) {
  const bare = await startSaying(BARE, [String(bytes)]);
  const result = await scrape(bare.url, options);
  await bare.stop();
  return result;
}

/** A program of ours that says its url, and afterwards one line for each line it is told. */
async function startSaying(program, args) {
  const { stop, stdin, stdout } = start([process.execPath, program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = readLines(stdout);
  const { value: url } = await lines.next();
  if (url === undefined) throw new Error(`${program} ended before it listened`);
  async function ask(line) {
    stdin.write(`${line}\n`);
    return (await lines.next()).value;
  }
  return { url, stop, ask, stir: () => ask('stir') };
}

async function* readLines(stream) {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}
