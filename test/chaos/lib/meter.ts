// What a daemon costs while it is tormented: resident memory, file descriptors, time of a scrape, event-loop delay.
import { readdirSync, readFileSync } from 'node:fs';
import type { Chaos } from './chaos.ts';

export interface Meter {
  /** Stops and writes the figures into the report. */
  stop(): void;
  /** Lowest resident memory, bytes, between two moments of `performance.now()`: what is really kept; Infinity for none. */
  lowestMemory(from: number, to: number): number;
}

export interface MeterOptions {
  /** The daemon of this moment; null while there is none. */
  readonly daemon: () => { readonly pid: number; readonly url: string } | null;
  /** File that the preload of `loopDelayEnv` writes. */
  readonly loopDelayFile: string;
  /** Ms between two looks. */
  readonly every: number;
}

interface Look {
  readonly at: number;
  readonly resident: number;
  readonly files: number;
}

/** Scrapes the daemon and looks at its process each `every` ms. A scrape that fails is counted: a daemon that was killed answers none. */
export function startMeter(chaos: Chaos, { daemon, loopDelayFile, every }: MeterOptions): Meter {
  const looks: Look[] = [];
  const scrapes: number[] = [];
  let isBusy = false;
  async function look(): Promise<void> {
    const current = daemon();
    if (current === null || isBusy) return;
    isBusy = true;
    try {
      looks.push({ at: performance.now(), ...processOf(current.pid) });
      const asked = performance.now();
      const answer = await fetch(`${current.url}/metrics`, { signal: AbortSignal.timeout(30_000) });
      await answer.text();
      scrapes.push(performance.now() - asked);
    } catch {
      chaos.count('scrapes without an answer');
    } finally {
      isBusy = false;
    }
  }
  const timer = setInterval(() => void look(), every);
  return {
    stop() {
      clearInterval(timer);
      if (looks.length === 0) return;
      const residents = looks.map(({ resident }) => resident);
      const files = looks.map(({ files }) => files);
      chaos.figure('resident memory, first, MiB', mebibytes(residents[0] ?? 0));
      chaos.figure('resident memory, highest, MiB', mebibytes(Math.max(...residents)));
      chaos.figure('resident memory, last, MiB', mebibytes(residents.at(-1) ?? 0));
      chaos.figure('file descriptors, highest', Math.max(...files));
      chaos.figure('file descriptors, last', files.at(-1) ?? 0);
      chaos.figure('scrapes', scrapes.length);
      chaos.figure('scrape, median, ms', rounded(quantile(scrapes, 0.5)));
      chaos.figure('scrape, p99, ms', rounded(quantile(scrapes, 0.99)));
      for (const [name, value] of Object.entries(loopDelayIn(loopDelayFile))) chaos.figure(name, value);
    },
    lowestMemory: (from, to) =>
      Math.min(...looks.filter(({ at }) => at >= from && at <= to).map(({ resident }) => resident)),
  };
}

/** @throws once the process is gone */
function processOf(pid: number): Omit<Look, 'at'> {
  const resident = Number(/^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { resident: resident * 1024, files: readdirSync(`/proc/${pid}/fd`).length };
}

/** Environment of a daemon that writes the delay of its event loop into `file` each second. */
export function loopDelayEnv(file: string): Record<string, string> {
  const preload = new URL('loop-delay.mjs', import.meta.url).href;
  return { NODE_OPTIONS: `--import=${preload}`, MCP_WATCHDOG_CHAOS_LOOP_DELAY: file };
}

function loopDelayIn(file: string): Record<string, number> {
  try {
    const { p99, max } = JSON.parse(readFileSync(file, 'utf8'));
    return { 'event-loop delay, p99, ms': rounded(p99), 'event-loop delay, highest, ms': rounded(max) };
  } catch {
    return {};
  }
}

/** The smallest sample that `share` of all do not exceed; NaN for none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

export function mebibytes(bytes: number): number {
  return rounded(bytes / 2 ** 20);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
