// A web app over servers that do not exist.
// Says its url; each line on stdin is answered with one: `stir` measures all of them anew, `watch` begins to look for the longest stretch
// of the event loop, `tell` ends that and says it, ms.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { systemClock } from '../../dist/system/time/clock.js';
import { createWebApp } from '../../dist/web/front.js';
import { createScrapeAhead } from '../../dist/web/scrape-ahead.js';
import { createFleet } from './fleet.mjs';

let ahead = 0;
/** Time that can be moved on, so that a text is old without waiting. */
const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };
const fleet = await createFleet({ count: Number(process.argv[2]), folder: process.argv[3], clock });

fleet.measureAll();
await listen();
let watch = null;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'watch') {
    watch = watchStretches();
    console.log('watching');
  } else if (line === 'tell') {
    console.log(watch.end());
  } else {
    ahead += 15_000;
    fleet.measureAll();
    console.log('stirred');
  }
}

/** Looks once in each turn of the event loop, which has no pause meanwhile: from one look to the next is what everybody else waits. */
function watchStretches() {
  let longest = 0;
  let isOver = false;
  let last = performance.now();
  function look() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  }
  setImmediate(look);
  return {
    end() {
      isOver = true;
      return longest;
    },
  };
}

async function listen() {
  function onFault(error) {
    throw error;
  }
  const app = createWebApp({
    status: fleet.status,
    // Nobody opens the page here.
    page: {
      clock,
      boot: 'bench',
      status: fleet.status,
      beats: () => new Map(),
      subscribe: () => () => {},
      events: async () => ({ events: [], next: null }),
      tools: async () => null,
      clients: () => null,
      hide: (text) => text,
    },
    metrics: () => fleet.recorder.render('text'),
    openMetrics: () => fleet.recorder.render('open-metrics'),
    ahead: createScrapeAhead(systemClock, onFault),
    now: () => clock.now(),
    allowedHosts: [],
    isReady: () => true,
    isHealthy: () => true,
    onFault,
  });
  const server = createServer(app);
  await new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
