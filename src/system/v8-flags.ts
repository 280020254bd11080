// V8 flags for a small daemon: it lives for months and does little, but for bursts of clients' calls.
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let isLimited = false;

/**
 * Limits V8's young generation to its smallest size; by default each half of it grows to 16 MiB and shrinks only after a
 * long idle time. Measured: 5 to 10 MB less with one server, about 30 MB less with a hundred. To be called before other
 * modules are loaded; a size in NODE_OPTIONS wins.
 */
export function limitYoungGeneration(environment: Readonly<Record<string, string | undefined>>): void {
  const isChosen = environment['NODE_OPTIONS']?.includes('semi-space') ?? false;
  if (isChosen) return;
  isLimited = true;
  // Of a mebibyte: four threads are woken for what one does in half a millisecond, and one more for the buffers in it.
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--semi-space-growth-factor=1');
}

const V8_VERSION = Number.parseInt(process.versions.v8, 10);

/**
 * Since version 13, V8 keeps the pages that a full collection emptied until one that is to save memory, which it begins only at rest, and it
 * seldom takes a daemon for resting: 46 MiB with 200 servers. In its mode that saves memory each one that it begins is of that kind.
 */
const POOLS_PAGES = V8_VERSION >= 13;

/** Percent of what survived a full collection that may be added before the next one. */
const OLD_GROWTH = 20;

/**
 * Bounds the garbage among old objects: by default V8 lets a heap of 110 MiB, as 500 servers have, grow to 250 MiB before it
 * collects all of it, and gives back what is free only at rest, which a daemon of hundreds of servers never is. Measured with
 * 200 servers: 189 → 111 MiB resident. To be called before other modules are loaded.
 */
export function limitOldGeneration(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH}`);
  if (POOLS_PAGES) setFlagsFromString('--memory-saver-mode');
}

let isDeferred = false;

/**
 * V8's optimising compilers that are on by default, by their flags: what Maglev has compiled while TurboFan was off would stay as it is.
 * Null for version 12, whose Maglev is on in some releases and off in others.
 */
const COMPILERS = compilersOf(V8_VERSION);

function compilersOf(version: number): readonly string[] | null {
  if (version === 12) return null;
  // Sparkplug only writes machine code out of bytecode, which for the code of a start is 1 MB for nothing.
  return version < 12 ? ['opt', 'sparkplug'] : ['opt', 'maglev', 'sparkplug'];
}

/**
 * Prefers memory to speed until there is something to gain by speed: what an idle daemon does runs a few times a minute, and
 * optimising it was a third of its processor time and 6 to 8 MB of its memory. To be called before other modules are loaded. A
 * busy minute (`noteLoad`) or a burst of requests ends it, for good.
 */
export function deferOptimising(): void {
  if (COMPILERS === null) return;
  isDeferred = true;
  for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
  // A start leaves holes everywhere: without this the memory of ten servers stays 9 MB larger. Where memory is to be saved, V8 fills
  // most of them anyway, in a third of the pauses.
  if (!POOLS_PAGES) setFlagsFromString('--compact-on-every-full-gc');
}

function optimise(): void {
  if (!isDeferred) return;
  isDeferred = false;
  for (const compiler of COMPILERS ?? []) setFlagsFromString(`--${compiler}`);
  // In a large heap it would hold up the event loop.
  setFlagsFromString('--no-compact-on-every-full-gc');
  restAsUsual();
}

/** Bytes of heap in use from which a collection of all of it would hold up the event loop for too long. */
const LARGE_HEAP = 64 * 1024 * 1024;

/** Of a collection that is asked for: one that keeps no pages. */
const KIND = POOLS_PAGES ? { flavor: 'last-resort' } : {};

/**
 * Collects and compacts the heap once, in a turn of its own: V8 by itself does so when the heap has doubled, which an idle daemon's
 * never does, and a start leaves 3 MB behind. Takes 20 to 40 ms; nothing happens in a busy daemon or a large heap.
 */
export function collectAfterStart(): void {
  if (!isDeferred || getHeapStatistics().used_heap_size > LARGE_HEAP) return;
  // The function is in every context that is made while the flag is set, and in no other.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function')
    Reflect.apply(collect, undefined, [{ type: 'major', execution: 'async', ...KIND }]);
}

/** Bytes of garbage among old objects for which all of a small heap is collected. */
const WORTH_COLLECTING = 3 * 1024 * 1024;

/** Ms of rest after which V8 collects by itself: its default, and never. */
const REST = 8_000;
const NO_REST = 24 * 60 * 60_000;

/** The least that was in use since the last collection, bytes; null before the end of the start. */
let leastUsed: number | null = null;

/**
 * Ends a start, whose garbage is collected. What runs from here on runs again and again: as machine code that is written out of
 * bytecode it takes half of the time, for 1 to 2 MiB. And V8 11 does not collect a small heap each 100 s any more, three times after each
 * collection, which takes a quarter of the processor time: 2 MiB are garbage by then.
 */
export function settle(): void {
  if (!isDeferred) return;
  collectAfterStart();
  setFlagsFromString('--sparkplug');
  if (POOLS_PAGES || getHeapStatistics().used_heap_size > LARGE_HEAP) return;
  leastUsed = Infinity;
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${NO_REST}`);
}

function restAsUsual(): void {
  leastUsed = null;
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${REST}`);
}

/** Collects a small heap once enough of it is garbage. To be called once a minute. */
function collectOldGarbage(): void {
  if (leastUsed === null) return;
  const used = getHeapStatistics().used_heap_size;
  if (used > LARGE_HEAP) return restAsUsual();
  leastUsed = Math.min(leastUsed, used);
  if (used - leastUsed < WORTH_COLLECTING) return;
  leastUsed = Infinity;
  collectAfterStart();
}

/** Share of one core from which optimised code is worth what it costs. */
const BUSY = 0.01;

/** @param share of one core that the process used lately, for a minute or so; of a shorter time it says little */
export function noteLoad(share: number): void {
  if (share >= BUSY) optimise();
  else collectOldGarbage();
}

/** Size of both halves up to which bursts may make it grow, bytes. */
const BURST_SIZE = 8 * 1024 * 1024;
/** Requests between two looks at the size: V8 doubles it at most once or twice in so many. */
const LOOK_EVERY = 32;

let requests = 0;
/** Since `keepSize()`. */
let requestsOfBurst = 0;
let isGrowing = false;

/**
 * Notes that a request was served. While they follow each other the young generation grows to 4 MiB a half: at 1 MiB a
 * third of the time of 16 busy clients is garbage collection. V8 shrinks it by itself with the first collection after
 * some quiet seconds.
 */
export function noteRequest(): void {
  requests += 1;
  requestsOfBurst += 1;
  if (requestsOfBurst >= LOOK_EVERY) optimise();
  if (requests % LOOK_EVERY !== 0 || !isLimited) return;
  const size = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size;
  if ((size ?? BURST_SIZE) >= BURST_SIZE) return keepSize();
  if (isGrowing) return;
  isGrowing = true;
  setFlagsFromString('--semi-space-growth-factor=2');
}

/** Ends a burst: what is allocated from here on changes no size. */
export function keepSize(): void {
  requestsOfBurst = 0;
  if (!isGrowing) return;
  isGrowing = false;
  setFlagsFromString('--semi-space-growth-factor=1');
}
