// One chaos scenario as a test: bounded and with a fixed seed in the suite, long and with any seed in `npm run chaos`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../promql/support/random.ts';

/** Seed of every scenario in the suite: there, the same is done each time. */
const FIXED_SEED = 12;

export interface Chaos {
  readonly seed: number;
  readonly random: Random;
  /** False in the suite. */
  readonly isLong: boolean;
  /** Yields 0, 1, 2, … until this run is over: after its number of rounds, or after `--minutes`. */
  rounds(): Generator<number>;
  /** Adds to a number of the report: kills, jumps, inputs. */
  readonly count: (what: string, by?: number) => void;
  /** Sets a figure of the report; the unit belongs to the name. */
  readonly figure: (name: string, value: number | string) => void;
  /** Notes that a promise was broken. The run goes on; its test fails at the end. */
  readonly violated: (promise: string) => void;
  readonly violations: readonly string[];
}

export interface ScenarioOptions {
  /** Sentence of what is done, for the title and the report. */
  readonly title: string;
  readonly rounds: { readonly bounded: number; readonly long: number };
  /** Longest time without `--minutes`, minutes. */
  readonly longest?: number;
  /** False where this machine cannot do it; the caller says so with `requireThat`. */
  readonly isPossible?: boolean;
  /** Left out of the suite: it needs more time than that has. */
  readonly isOnlyLong?: boolean;
}

/** What `npm run chaos` asks for. */
const ASKED = {
  seed: numberOf(process.env['MCP_WATCHDOG_CHAOS_SEED']),
  minutes: numberOf(process.env['MCP_WATCHDOG_CHAOS_MINUTES']),
  report: process.env['MCP_WATCHDOG_CHAOS_REPORT'] ?? null,
};

const IS_LONG = ASKED.report !== null;

/** Registers a scenario under its name, which is also that of its file: `kills` is in `kills.test.ts`. */
export function chaos(name: string, options: ScenarioOptions, run: (chaos: Chaos) => Promise<void>): void {
  const { title, isPossible = true, isOnlyLong = false, longest = 15 } = options;
  const seed = ASKED.seed ?? FIXED_SEED;
  const isSkipped = !isPossible || (isOnlyLong && !IS_LONG);
  const timeout = IS_LONG ? ((ASKED.minutes ?? longest) + 10) * 60_000 : 600_000;
  test.skipIf(isSkipped)(`${name}, seed ${seed}: ${title}`, { timeout }, async () => {
    const report = startReport(seed, options);
    try {
      await run(report);
    } catch (error) {
      report.violated(
        `It broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    report.write(name);
    const again = `again: npm run chaos -- --seed ${seed} ${name}`;
    expect(report.violations, again).toEqual([]);
  });
}

function startReport(seed: number, { title, rounds }: ScenarioOptions) {
  const startedAt = Date.now();
  const end = performance.now() + (ASKED.minutes ?? Infinity) * 60_000;
  const counts: Record<string, number> = {};
  const figures: Record<string, number | string> = {};
  const violations: string[] = [];
  let done = 0;
  const most = IS_LONG ? (ASKED.minutes === null ? rounds.long : Infinity) : rounds.bounded;
  return {
    seed,
    random: createRandom(seed),
    isLong: IS_LONG,
    *rounds(): Generator<number> {
      for (; done < most && performance.now() < end; done += 1) yield done;
    },
    count: (what: string, by = 1) => void (counts[what] = (counts[what] ?? 0) + by),
    figure: (name: string, value: number | string) => void (figures[name] = value),
    violated: (promise: string) => void violations.push(promise),
    violations,
    /** Writes the scenario's part of the report; nothing in the suite. */
    write(name: string): void {
      if (ASKED.report === null) return;
      mkdirSync(ASKED.report, { recursive: true });
      const seconds = Math.round((Date.now() - startedAt) / 1000);
      const part = { name, title, seed, startedAt, seconds, rounds: done, counts, figures, violations };
      writeFileSync(join(ASKED.report, `${name}.part.json`), `${JSON.stringify(part, null, 2)}\n`);
    },
  };
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}
