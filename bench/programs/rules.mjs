// All built-in rules over servers that do not exist: hours of samples on virtual time, the last ticks of it measured.
// Arguments: how many servers, how many hours, how many ticks to measure, a folder. Prints one line of JSON, and leaves the
// samples in samples.txt, as if the last tick were now.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createEvaluator } from '../../dist/alerting/evaluator.js';
import { compileRules } from '../../dist/alerting/compile-rules.js';
import { builtInRules } from '../../dist/config/build/rule-files.js';
import { createFleet } from './fleet.mjs';

const EVERY = 15_000;
const [count, hours, measured] = process.argv.slice(2, 5).map(Number);
const folder = process.argv[5];
const ticks = Math.round((hours * 3_600_000) / EVERY);
let at = Math.floor(Date.now() / EVERY) * EVERY - ticks * EVERY;
const clock = { now: () => at, monotonic: () => at, after: () => () => {} };

const fleet = await createFleet({ count, folder, clock, random: sequence() });
const documents = builtInRules({
  warnings: {
    push(warning) {
      throw new Error(warning);
    },
  },
});
const evaluator = createEvaluator({
  groups: compileRules(documents),
  evaluateEvery: EVERY,
  target: { job: 'mcp-watchdog', instance: '127.0.0.1:9638' },
});
const took = { read: [], feed: [], rules: [], tick: [] };
// What the fleet and the rules take without any samples is no part of the store.
globalThis.gc();
const before = process.memoryUsage();
for (let tick = 0; tick < ticks; tick += 1) {
  at += EVERY;
  fleet.measureAll();
  // Other things of the daemon happen in between.
  if (ticks - tick <= measured) await new Promise((resolve) => void setTimeout(resolve, 20));
  const times = await evaluate();
  if (ticks - tick <= measured) for (const part of Object.keys(took)) took[part].push(times[part]);
}
globalThis.gc();
const after = process.memoryUsage();
await dump(evaluator.store, join(folder, 'samples.txt'));
console.log(
  JSON.stringify({
    took,
    store: evaluator.store.size,
    memory: after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers,
    failed: evaluator.groups.flatMap((group) => group.rules()).filter(({ error }) => error !== null).length,
  }),
);

async function evaluate() {
  const start = performance.now();
  const samples = await fleet.recorder.samples(evaluator.wants);
  const read = performance.now();
  evaluator.ingest(samples, at);
  const fed = performance.now();
  for (const group of evaluator.groups) group.evaluate(at);
  const evaluated = performance.now();
  evaluator.prune(at);
  const pruned = performance.now();
  return {
    read: read - start,
    feed: fed - read + pruned - evaluated,
    rules: evaluated - fed,
    tick: pruned - start,
  };
}

/** OpenMetrics, series by series. */
async function dump(store, path) {
  const later = Date.now() - at;
  const out = createWriteStream(path);
  for (const series of store.select({ name: null, matchers: [] })) {
    const { __name__: name, ...labels } = series.labels;
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    const lines = Array.from({ length: series.length }, (_, index) => index)
      .filter((index) => !series.isStaleAt(index))
      .map(
        (index) =>
          `${name}{${pairs.join()}} ${numeral(series.valueAt(index))} ${(series.timeAt(index) + later) / 1000}\n`,
      );
    if (!out.write(lines.join(''))) await once(out, 'drain');
  }
  out.end('# EOF\n');
  await finished(out);
}

function numeral(value) {
  return Math.abs(value) === Infinity ? `${value > 0 ? '+' : '-'}Inf` : String(value);
}

/** The same each time: what is measured should not depend on luck. */
function sequence() {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
