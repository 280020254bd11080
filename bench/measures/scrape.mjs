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
const FRESH_PAUSE = 1100;

export async function measure({ quick }) {
  const times = quick ? 50 : 200;
  const servers = Array.from({ length: 10 }, (_, index) => fixtureOverStdio(`fixture-${index}`));
  const small = await watchdog.start(servers, FRESH);
  // The ten are still warm from their start.
  await sleep(3000);
  const repeated = await scrape(`${small.url}/metrics`, { times });
  const rarely = { times: quick ? 8 : 30, pause: FRESH_PAUSE };
  const fresh = await scrape(`${small.url}/metrics`, rarely);
  await small.stop();
  const smallFloor = await scrapeBare(fresh.bytes, { times });
  // What nobody asked for a second is slower for everybody: caches of the processor, threads that sleep.
  const smallRare = await scrapeBare(fresh.bytes, rarely);

  const large = await startSaying(SYNTHETIC, ['1000', await temporaryFolder()]);
  const largeRepeated = await scrape(`${large.url}/metrics`, { times });
  const largeFresh = await scrape(`${large.url}/metrics`, { times: quick ? 5 : 20, before: large.stir });
  await large.stop();
  const largeFloor = await scrapeBare(largeFresh.bytes, { times });

  return [
    ...three('10 servers', { floor: smallFloor, rare: smallRare, repeated, fresh, atMost: 2 }),
    ...three('1,000 synthetic servers', {
      floor: largeFloor,
      repeated: largeRepeated,
      fresh: largeFresh,
      atMost: 5,
    }),
  ];
}

function three(what, { floor: bare, rare = null, repeated, fresh, atMost }) {
  const size = `${(bare.bytes / 1024).toFixed(0)} KiB`;
  const floor = row({
    who: `bare node, ${size} from memory`,
    short: 'bare',
    samples: bare.samples,
    unit: 'ms',
  });
  const rareFloor =
    rare === null
      ? null
      : row({
          who: `bare node, ${size} from memory, once a second`,
          short: 'bare, once a second',
          samples: rare.samples,
          unit: 'ms',
        });
  const target = { of: 'median', atMost };
  return [
    floor,
    ...(rareFloor === null ? [] : [rareFloor]),
    row({
      who: `mcp-watchdog, ${what}`,
      note: 'unchanged',
      samples: repeated.samples,
      unit: 'ms',
      floor,
      target,
    }),
    row({
      who: `mcp-watchdog, ${what}`,
      note: 'all measured anew',
      samples: fresh.samples,
      unit: 'ms',
      floor: rareFloor ?? floor,
    }),
  ];
}

async function scrape(url, { times, pause = 0, before = async () => {} }) {
  const scraper = createScraper(url);
  const samples = [];
  let bytes = 0;
  for (let index = -3; index < times; index += 1) {
    await before();
    await sleep(pause);
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
  async function stir() {
    stdin.write('stir\n');
    await lines.next();
  }
  return { url, stop, stir };
}

async function* readLines(stream) {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
}
