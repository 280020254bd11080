// Judge of the test files that share a worker (project `shared`): fails the one that leaves the process other than it found it.
import { afterAll, beforeAll, expect } from 'vitest';

/** What no file may change for good. */
interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly umask: number;
  readonly platform: string;
}

/** What no test may change for good; libraries add to it when they are loaded. */
interface Additions {
  readonly globals: readonly string[];
  readonly listeners: Readonly<Record<string, number>>;
}

/** Kinds of what keeps a process alive, as Node names them. Connections that a pool keeps end by themselves; pipes and requests end with these. */
const HELD = [
  'FSEventWrap',
  'Immediate',
  'MessagePort',
  'PipeServerWrap',
  'ProcessWrap',
  'SignalWrap',
  'StatWatcher',
  'TCPServerWrap',
  'Timeout',
  'UDPWrap',
  'Worker',
];

/** Ms until what was stopped must be gone, on a busy machine. */
const PATIENCE = 10_000;

/** Before the test file is loaded. */
const surroundings = readSurroundings();
let additions: Additions;
let held: Map<string, number>;

beforeAll(() => {
  additions = readAdditions();
  held = countHeld();
});

afterAll(async () => {
  const why = 'a test file of the project `shared` changed its process for good';
  expect(readSurroundings(), why).toEqual(surroundings);
  expect(readAdditions(), why).toEqual(additions);
  const deadline = performance.now() + PATIENCE;
  while (left().length > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(left(), 'a test file of the project `shared` left something open').toEqual([]);
});

function readSurroundings(): Surroundings {
  // The runner counts its files here.
  const { VITEST_POOL_ID: _pool, VITEST_WORKER_ID: _worker, ...environment } = process.env;
  return { environment, folder: process.cwd(), umask: process.umask(), platform: process.platform };
}

function readAdditions(): Additions {
  return {
    // Libraries keep what all copies of them share under symbols; zod does under names, as soon as a config is read.
    globals: Object.getOwnPropertyNames(globalThis)
      .filter((name) => !name.startsWith('__zod_'))
      .toSorted(),
    listeners: Object.fromEntries(
      process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    ),
  };
}

function countHeld(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Kinds of which there are more than at the beginning of the file; of timers there must be none, as the runner's come and go. */
function left(): string[] {
  const now = countHeld();
  return HELD.filter((kind) => (now.get(kind) ?? 0) > (kind === 'Timeout' ? 0 : (held.get(kind) ?? 0)));
}
