// V8 flags of the daemon: a small young generation and no optimised code at rest, both otherwise once it is busy. In a process
// of its own.
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const FLAGS = new URL('../../dist/system/v8-flags.js', import.meta.url).href;
const PREFER_MEMORY = new URL('../../dist/commands/daemon/prefer-memory.js', import.meta.url).href;
const MEBIBYTE = 1024 * 1024;

// `work` allocates what 5,000 requests would, 80 MB or dozens of young generations, of which the last 64 are under way. It notes the smallest of several sizes: while
// V8 marks, newer versions let the young generation be larger for that time.
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { keepSize, limitYoungGeneration, noteRequest } from '${FLAGS}';
const sizes = [];
const ring = [];
const size = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size;
function work(note) {
  let smallest = Infinity;
  for (let round = 0; round < 4; round += 1) {
    for (let count = 0; count < 5000; count += 1) {
      for (let part = 0; part < 20; part += 1) ring[(count * 20 + part) % 1280] = { at: new Array(100).fill(count) };
      note();
    }
    smallest = Math.min(smallest, size());
  }
  sizes.push(smallest);
}
limitYoungGeneration(process.env);
work(() => {});
LATER;
console.log(JSON.stringify(sizes));
`;

function run(options: string, later: string): number[] {
  const program = PROGRAM.replace('LATER', later);
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, NODE_OPTIONS: options },
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

it('grows to 4 MiB a half while requests follow each other, and no further afterwards', () => {
  const sizes = run('', 'work(noteRequest); keepSize(); work(() => {})');
  const [atRest = 0, inBurst = 0, after = 0] = sizes.map((size) => size / MEBIBYTE);
  expect(atRest).toBeLessThanOrEqual(2);
  expect(inBurst).toBeGreaterThan(2);
  expect(inBurst).toBeLessThanOrEqual(16);
  expect(after).toBeLessThanOrEqual(inBurst);
}, 60_000);

it('leaves a size that NODE_OPTIONS chooses alone', () => {
  const [atRest = 0] = run('--max-semi-space-size=4', '');
  expect(atRest).toBeGreaterThan(2 * MEBIBYTE);
}, 60_000);

// What a function of V8 is asked: it was compiled by TurboFan. The status lost one of the bits below it with version 14.
const HOT = `
import { deferOptimising, keepSize, noteLoad, noteRequest } from '${FLAGS}';
function hot(end) { let sum = 0; for (let count = 0; count < end; count += 1) sum = (sum + count * 3) % 7919; return sum; }
const turbofanned = Number.parseInt(process.versions.v8, 10) < 14 ? 64 : 32;
const isOptimised = () => (%GetOptimizationStatus(hot) & turbofanned) !== 0;
function isOptimisedWithin(rounds) {
  for (let count = 0; count < rounds && !isOptimised(); count += 1) hot(50_000);
  return isOptimised();
}
deferOptimising();
noteLoad(0.001);
for (let count = 0; count < 100; count += 1) { if (count % 10 === 0) keepSize(); noteRequest(); }
const seen = [isOptimisedWithin(500)];
BUSY;
const end = Date.now() + 30_000;
while (!isOptimised() && Date.now() < end) {
  hot(50_000);
  await new Promise(setImmediate);
}
seen.push(isOptimised());
console.log(JSON.stringify(seen));
`;

function runHot(busy: string): boolean[] {
  const options = ['--allow-natives-syntax', '--input-type=module', '--eval', HOT.replace('BUSY', busy)];
  return JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}

it.each([
  ['a busy minute', 'noteLoad(0.05)'],
  ['a burst of requests', 'for (let count = 0; count < 40; count += 1) noteRequest()'],
])(
  'optimises nothing at rest, and what is hot after %s',
  (_, busy) => {
    expect(runHot(busy)).toEqual([false, true]);
  },
  60_000,
);

// Whether machine code was written out of the bytecode of a function, and it was not optimised.
const REPEATED = `
import { deferOptimising, settle } from '${FLAGS}';
function hot(end) { let sum = 0; for (let count = 0; count < end; count += 1) sum = (sum + count * 3) % 7919; return sum; }
const isCompiled = () => %ActiveTierIsSparkplug(hot);
deferOptimising();
for (let count = 0; count < 500; count += 1) hot(1000);
const seen = [isCompiled()];
settle();
const end = Date.now() + 30_000;
while (!isCompiled() && Date.now() < end) {
  hot(1000);
  await new Promise(setImmediate);
}
seen.push(isCompiled());
console.log(JSON.stringify(seen));
`;

it('compiles what runs again and again once the start is over, and not before', () => {
  const options = ['--allow-natives-syntax', '--input-type=module', '--eval', REPEATED];
  expect(JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' }))).toEqual([false, true]);
}, 60_000);

// Of twelve MiB that are garbage, what is left once the collection had its turn.
const SETTLED = `
import { collectAfterStart, deferOptimising } from '${FLAGS}';
const used = () => process.memoryUsage().heapUsed / 1024 / 1024;
DEFER;
let kept = Array.from({ length: 12 }, () => new Array(128 * 1024).fill(0));
await new Promise(setImmediate);
const before = used();
kept = null;
collectAfterStart();
const end = Date.now() + EXPECTED;
while (used() > before - 8 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
console.log(JSON.stringify([used() <= before - 8, typeof globalThis.gc]));
`;

it.each([
  ['is collected', 'deferOptimising()', 30_000, true],
  ['is left alone where optimising is not put off', '', 300, false],
])(
  'what the start left %s',
  (_, defer, within, isCollected) => {
    const program = SETTLED.replace('DEFER', defer).replace('EXPECTED', String(within));
    const options = ['--input-type=module', '--eval', program];
    const output = execFileSync(process.execPath, options, { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([isCollected, 'undefined']);
  },
  60_000,
);

// Mebibytes of heap that are used at most while old objects die as fast as new ones become old, beside many that live.
const AGEING = `
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limitOldGeneration, limitYoungGeneration } from '${FLAGS}';
const used = () => process.memoryUsage().heapUsed / 1024 / 1024;
limitYoungGeneration({});
LIMIT;
// The first collection sets the first bound.
globalThis.gc();
const make = (value) => ({ at: new Array(20).fill(value) });
const living = Array.from({ length: 75_000 }, (_, index) => make(index));
const ring = [];
let most = 0;
for (let count = 0; count < 400_000; count += 1) {
  ring[count % 12_000] = make(count);
  if (count % 5000 !== 0) continue;
  if (count > 200_000) most = Math.max(most, used());
  await nextTurn();
}
console.log(JSON.stringify(most + 0 * living.length));
`;

it('collects old garbage before it is as much as what lives', () => {
  const most = (limit: string): number => {
    const options = ['--expose-gc', '--input-type=module', '--eval', AGEING.replace('LIMIT', limit)];
    return JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' }));
  };
  const [bounded, unbounded] = [most('limitOldGeneration()'), most('')];
  // What lives is 20 MiB.
  expect(bounded).toBeLessThan(45);
  expect(bounded).toBeLessThan(0.75 * unbounded);
}, 120_000);

// Mebibytes that the process has beside its heap, more than before, after full collections of which each empties most of the pages.
const EMPTIED = `
import { setImmediate as nextTurn } from 'node:timers/promises';
import { preferMemory } from '${PREFER_MEMORY}';
preferMemory({});
const beside = () => (process.memoryUsage().rss - process.memoryUsage().heapTotal) / 1024 / 1024;
const before = beside();
const make = (value) => ({ at: new Array(20).fill(value) });
let living = [];
let least = Infinity;
for (let round = 0; round < 4; round += 1) {
  for (let count = 0; count < 200_000; count += 1) {
    living.push(make(count));
    if (count % 5000 === 0) await nextTurn();
  }
  living = living.filter((_, index) => index % 100 === 0);
  // Others age until V8 collects by itself.
  const ring = [];
  for (let count = 0; count < 200_000; count += 1) {
    ring[count % 20_000] = make(count);
    if (count % 5000 === 0) await nextTurn();
  }
  if (round > 0) least = Math.min(least, beside());
}
console.log(JSON.stringify(least - before + 0 * living.length));
`;

it('gives back what a full collection emptied', () => {
  const options = ['--input-type=module', '--eval', EMPTIED];
  const more = JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' }));
  expect(more).toBeLessThan(25);
}, 120_000);

// Of five MiB that are garbage once the start is over, whether they are collected in a minute of little work.
const LATER = `
import { setTimeout as sleep } from 'node:timers/promises';
import { deferOptimising, noteLoad, settle } from '${FLAGS}';
const used = () => process.memoryUsage().heapUsed / 1024 / 1024;
deferOptimising();
settle();
await sleep(300);
noteLoad(0.001);
let kept = Array.from({ length: GARBAGE }, () => new Array(128 * 1024).fill(0));
await new Promise(setImmediate);
const before = used();
kept = null;
noteLoad(LOAD);
const end = Date.now() + EXPECTED;
while (used() > before - GARBAGE + 0.5 && Date.now() < end) await sleep(5);
console.log(JSON.stringify(used() <= before - GARBAGE + 0.5));
`;

// Newer versions are told to save memory, and do so by themselves.
it.skipIf(Number.parseInt(process.versions.v8, 10) >= 12).each([
  ['collects what has become garbage since', '5', '0.001', 30_000, true],
  ['leaves little garbage alone', '2', '0.001', 300, false],
  ['leaves it to V8 once it is busy', '5', '0.05', 300, false],
])(
  '%s',
  (_, garbage, load, within, isCollected) => {
    const program = LATER.replaceAll('GARBAGE', garbage)
      .replace('LOAD', load)
      .replace('EXPECTED', String(within));
    const options = ['--input-type=module', '--eval', program];
    expect(JSON.parse(execFileSync(process.execPath, options, { encoding: 'utf8' }))).toBe(isCollected);
  },
  60_000,
);

// What `npm start` does: a process that has compiled and collected a lot, as by a build, becomes the daemon. V8 collects at rest: twice,
// the first time after eight seconds and the second half a second later. What it checks of its own flags meanwhile ends the process.
const LATE = `
import { PerformanceObserver, constants } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { preferMemory } from '${PREFER_MEMORY}';
import { keepSize, noteLoad, noteRequest, settle } from '${FLAGS}';
const alive = setInterval(() => {}, 1000);
let full = 0;
const observer = new PerformanceObserver((list) => {
  full += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
});
observer.observe({ entryTypes: ['gc'] });
async function collections(count) {
  const end = Date.now() + 40_000;
  while (full < count && Date.now() < end) await sleep(5);
}
/** Until a time at which V8 has begun to mark and not ended: nothing else has a turn before this is over. */
async function intoMarking(after) {
  await sleep(after - 300);
  const next = sleep(300);
  const until = performance.now() + 500;
  while (performance.now() < until);
  await next;
}
function compileMuch() {
  for (let count = 0; count < 100; count += 1) {
    const hot = new Function('end', 'let sum = ' + count + '; for (let at = 0; at < end; at += 1) sum = (sum + at * 3) % 7919; return sum;');
    for (let round = 0; round < 30; round += 1) hot(1000);
  }
}
let kept = null;
for (let count = 0; count < 500_000; count += 1) kept = { kept, at: [count] };
globalThis.gc();
await sleep(50);
full = 0;
MOMENT;
compileMuch();
preferMemory({});
compileMuch();
await sleep(SOON);
settle();
compileMuch();
noteLoad(0.001);
await sleep(SOON);
noteLoad(0.001);
for (let count = 0; count < 40; count += 1) noteRequest();
noteLoad(0.05);
compileMuch();
keepSize();
await collections(2);
// Of the last one V8 speaks before it is over with it.
await sleep(2000);
clearInterval(alive);
console.log(JSON.stringify([full >= 2, kept !== null]));
`;

describe('a process that was busy before takes the flags of the daemon', () => {
  it.concurrent.each([
    ['at once', ''],
    ['while V8 marks at rest', 'await intoMarking(8100)'],
    ['between both collections at rest', 'await collections(1)'],
    ['while V8 marks for the second time', 'await collections(1); await intoMarking(600)'],
  ])(
    '%s',
    async (_, moment) => {
      const program = LATE.replace('MOMENT', moment).replaceAll('SOON', String(moment === '' ? 10_000 : 300));
      // Otherwise V8 collects at rest only where it takes little for allocated lately, which no program says of itself for sure.
      const options = ['--optimize-for-size', '--expose-gc', '--input-type=module', '--eval', program];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, options);
      expect(JSON.parse(stdout)).toEqual([true, true]);
      // V8 complains of flags that it does not know.
      expect(stderr).not.toMatch(/flag|option/u);
    },
    120_000,
  );
});
