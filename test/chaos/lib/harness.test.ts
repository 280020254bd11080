// What the chaos scenarios judge by: each broken promise is noticed, and a whole one is not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGroup } from '../../fakes/processes.ts';
import { requireThat } from '../../fakes/require-program.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { createRandom } from '../../promql/support/random.ts';
import type { Chaos } from './chaos.ts';
import { fuzz, type Target } from './fuzz.ts';
import { watchInvariants } from './invariants.ts';
import { quantile } from './meter.ts';
import { Stage } from './stage.ts';

function recorder(rounds: number): Chaos {
  const violations: string[] = [];
  return {
    seed: 1,
    random: createRandom(1),
    isLong: false,
    *rounds() {
      for (let round = 0; round < rounds; round += 1) yield round;
    },
    count: () => undefined,
    figure: () => undefined,
    violated: (promise) => void violations.push(promise),
    violations,
  };
}

describe('the fuzzer', () => {
  const target = (take: Target['take']): Target => ({ corpus: 'templates', words: ['NEEDLE', '{{'], take });

  test('finds an input that breaks something, and makes it small', async () => {
    const chaos = recorder(20);
    await fuzz(chaos, [
      target((input) => {
        if (input.includes('NEEDLE')) throw new Error('found');
      }),
    ]);
    expect(chaos.violations[0]).toBe('input "NEEDLE" (6 bytes): Error: found');
  });

  test('finds an input that takes too long', async () => {
    const chaos = recorder(0);
    const busy = (): void => {
      const end = process.cpuUsage().user + 50_000;
      while (process.cpuUsage().user < end);
    };
    await fuzz(chaos, [{ ...target(busy), budget: 30 }]);
    expect(chaos.violations[0]).toMatch(
      /^corpus\/templates\/\w+: it used \d+ ms of the processor, of at most 30$/u,
    );
  });

  test('says nothing where nothing is broken, and does the same for the same seed', async () => {
    const seen: string[][] = [[], []];
    for (const list of seen) {
      const chaos = recorder(1);
      await fuzz(chaos, [target((input) => void list.push(input.toString('latin1')))]);
      expect(chaos.violations).toEqual([]);
    }
    expect(seen[0]).toEqual(seen[1]);
    expect(new Set(seen[0]).size).toBeGreaterThan(20);
  });
});

describe.skipIf(!requireThat('/proc', process.platform === 'linux'))('the invariants', () => {
  /** Of a daemon that never was. */
  const DAEMON = 99_999_999;

  function server(run: number): void {
    startGroup(['sleep', '60'], { MCP_WATCHDOG_RUN: `${DAEMON}.token.unique/files/${run}` });
  }

  test('notice two processes of one server, and no canary beside it', async () => {
    const stage = new Stage({ servers: {} });
    stage.pids.add(DAEMON);
    const chaos = recorder(0);
    const { now } = watchInvariants(chaos, stage);
    server(1);
    server(0);
    await waitFor(() => stage.processes().length === 2);
    await now();
    expect(chaos.violations).toEqual([]);
    server(2);
    await waitFor(() => stage.processes().length === 3);
    await now();
    expect(chaos.violations).toEqual([
      expect.stringContaining('"files" has the processes of 2 runs at once'),
    ]);
  });

  test('notice a state that cannot be read, and counters that go back', async () => {
    const stage = new Stage({ servers: {} });
    const chaos = recorder(0);
    const { now } = watchInvariants(chaos, stage);
    let value = 5;
    stage.get = async () => `mcp_watchdog_server_restarts_total{server="a",reason="exit"} ${value}\n`;
    const child = startGroup(['sleep', '60']);
    stage.daemon = { pid: child.pid, child, url: '' };
    await now();
    expect(chaos.violations).toEqual([]);
    // Not even another daemon may forget it.
    stage.daemon = { pid: child.pid + 1, child, url: '' };
    value = 4;
    await now();
    writeFileSync(join(stage.home, 'run', 'state.json'), '{"version":1,"wis');
    await now();
    expect(chaos.violations).toEqual([
      expect.stringContaining('went back from 5 to 4'),
      expect.stringContaining('The state file cannot be read'),
    ]);
  });
});

test('a quantile is a sample', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0, 0.5, 0.99, 1].map((share) => quantile(samples, share))).toEqual([1, 50, 99, 100]);
});
