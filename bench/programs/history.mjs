// History of servers that do not exist: hours of readings on virtual time, then queries as the page and Grafana ask them.
// Arguments: how many servers, how many hours, how often to ask, a folder. Prints one line of JSON.
import { createPrometheusApi } from '../../dist/history/api/prometheus-api.js';
import { encodeSnapshot } from '../../dist/history/snapshot.js';
import { createHistoryFeed } from '../../dist/history/store/history-feed.js';
import { HistoryStore } from '../../dist/history/store/history-store.js';
import { createFleet } from './fleet.mjs';

const EVERY = 15_000;
/** The rhythm of the probes by default: every fourth asks for the tools. */
const DEEP_EVERY = 4;
const [count, hours, times] = process.argv.slice(2, 5).map(Number);
const folder = process.argv[5];
const ticks = Math.round((hours * 3_600_000) / EVERY);
const bounds = { retention: hours * 3_600_000, maxBytes: 64 * 1024 * 1024 };
const target = { job: 'mcp-watchdog', instance: '127.0.0.1:9638' };
let at = Math.floor(Date.now() / EVERY) * EVERY - ticks * EVERY;
const clock = { now: () => at, monotonic: () => at, after: () => () => {} };

const fleet = await createFleet({ count, folder, clock, random: sequence() });
const everything = () => fleet.recorder.samples(() => true);
for (let tick = 0; tick < 8; tick += 1) fleet.measureAll();
await everything();
globalThis.gc();
const before = memoryOf();
const store = new HistoryStore();
const feed = createHistoryFeed(store, target);
const feeding = [];
for (let tick = 0; tick < ticks; tick += 1) {
  at += EVERY;
  fleet.measureAll({ isDeep: tick % DEEP_EVERY === 0 });
  const samples = await everything();
  const start = performance.now();
  feed.ingest({ at, samples, derived: [] });
  store.prune(at, bounds);
  if (ticks - tick <= 100) feeding.push(performance.now() - start);
}
globalThis.gc();
const memory = memoryOf() - before;

const slices = [];
let slice = performance.now();
/** Between two turns of the event loop a query must not take long. */
const turn = async () => {
  slices.push(performance.now() - slice);
  await new Promise((resolve) => void setImmediate(resolve));
  slice = performance.now();
};
const api = createPrometheusApi({
  store: () => store,
  clock: { ...clock, monotonic: () => performance.now() },
  turn,
  cpu: () => 0,
  generation: () => 3,
  target,
  url: 'http://127.0.0.1:9638',
  version: '0',
  last: () => ({ at, took: 0, interval: EVERY }),
});

const QUERIES = {
  selector: 'mcp_watchdog_server_resident_memory_bytes',
  rate: 'rate(mcp_watchdog_server_cpu_seconds_total[5m])',
  quantile:
    'histogram_quantile(0.95, sum by (server, probe, le) (rate(mcp_watchdog_probe_duration_seconds_bucket[5m])))',
  subquery: 'max_over_time(sum(rate(mcp_watchdog_server_cpu_seconds_total[5m]))[1h:1m])',
};
const took = {};
for (const [name, query] of Object.entries(QUERIES)) {
  took[name] = [];
  for (let index = 0; index < times; index += 1) {
    const start = performance.now();
    slice = start;
    if ((await ask(query)) === 0) throw new Error(`${query} has no result`);
    took[name].push(performance.now() - start);
    slices.push(performance.now() - slice);
  }
}
const start = performance.now();
const snapshot = encodeSnapshot(store.dump()).length;
const saving = performance.now() - start;
console.log(JSON.stringify({ memory, size: store.size, feeding, took, slices, snapshot, saving }));

async function ask(query) {
  const range = { start: at / 1000 - hours * 3600, end: at / 1000, step: 30 };
  const parameters = new URLSearchParams({ query, ...range });
  const answer = await api.answer('query_range', parameters, new AbortController().signal);
  if (answer.status !== 200) throw new Error(answer.pieces.join(''));
  return answer.pieces.length - 4;
}

function memoryOf() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The same each time: what is measured should not depend on luck. */
function sequence() {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
