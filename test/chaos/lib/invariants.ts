// What must hold whatever was killed: each check notes what it finds broken.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerStatus } from '../../../src/core/model/status.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import type { Chaos } from './chaos.ts';
import type { Marked, Stage } from './stage.ts';

/** Time in which a fleet is as it should be again, on a machine that others use as well, ms. */
const SETTLE = 45_000;
/** Time after the death of a daemon in which its guardian ends every server, ms. */
const GUARDIAN = 8000;

export interface Expectation {
  /** Servers that crash for ever: all that is asked of them is that their budget holds. */
  readonly loopers?: Readonly<Record<string, { readonly starts: number }>>;
}

/** Counters that are on the disk before anybody can have read them, so that not even a kill -9 takes them back. */
const KEPT = ['mcp_watchdog_server_restarts_total', 'mcp_watchdog_server_start_failures_total'];

export interface Invariants {
  /** Waits until all is as it was asked for, then looks at everything. */
  readonly settled: () => Promise<void>;
  /** At any moment: no server has two processes, the state can be read, no counter went back. */
  readonly now: () => Promise<void>;
  /** After the death of the daemon: nothing of it is left within a few seconds. */
  readonly nothingLeft: () => Promise<void>;
}

export function watchInvariants(chaos: Chaos, stage: Stage, { loopers = {} }: Expectation = {}): Invariants {
  const counters = new Map<string, number>();
  let countedBy = 0;

  function noDoubles(): void {
    const first = doublesIn(stage.processes());
    if (first.size === 0) return;
    // What is read one after the other never was there together: only who is still there counts.
    const still = doublesIn(
      stage.processes().filter(({ marker }) => [...first.values()].flat().includes(marker)),
    );
    for (const [server, markers] of still)
      chaos.violated(
        `"${server}" has the processes of ${markers.length} runs at once: ${markers.join(', ')}`,
      );
  }

  function stateReadable(): void {
    const path = join(stage.home, 'run', 'state.json');
    if (!existsSync(path)) return;
    try {
      const { version }: { version?: unknown } = JSON.parse(readFileSync(path, 'utf8'));
      if (version !== 1) chaos.violated(`The state file is of version ${String(version)}`);
    } catch (error) {
      chaos.violated(`The state file cannot be read: ${String(error)}`);
    }
  }

  async function countersGrow(): Promise<void> {
    const { daemon } = stage;
    if (daemon === null) return;
    for (const series of counters.keys())
      if (stage.removed.has(/server="([^"]+)"/u.exec(series)?.[1] ?? '')) counters.delete(series);
    stage.removed.clear();
    const samples = countersIn(await stage.get('/metrics'));
    const isSameDaemon = countedBy === daemon.pid;
    for (const [series, value] of samples) {
      const before = counters.get(series) ?? 0;
      const mustGrow = isSameDaemon || KEPT.some((name) => series.startsWith(name));
      if (mustGrow && value < before) chaos.violated(`${series} went back from ${before} to ${value}`);
      counters.set(series, value);
    }
    countedBy = daemon.pid;
  }

  async function asDesired(): Promise<void> {
    const wrong = async (): Promise<string[]> => {
      const { servers } = await stage.status();
      return [
        ...Object.keys(stage.servers).filter((name) => !servers.some((one) => one.name === name)),
        ...servers.flatMap((server) => (isAsDesired(server) ? [] : [describe(server)])),
      ];
    };
    await waitFor(async () => (await wrong()).length === 0, { timeout: SETTLE }).catch(async () => {
      for (const server of await wrong()) chaos.violated(`Not as it was asked for: ${server}`);
    });
  }

  function isAsDesired(server: ServerStatus): boolean {
    if (server.name in loopers) return true;
    const wanted = stage.desired.get(server.name);
    // Where the answer to a request was lost, either is right, but one of them.
    if (wanted !== undefined && wanted !== server.desired) return false;
    return server.desired === 'down'
      ? server.pid === null && server.state === 'stopped'
      : server.state === 'running' && server.health.up === true && server.pid !== null;
  }

  async function budgetsHold(): Promise<void> {
    for (const { name, run } of (await stage.status()).servers) {
      const most = loopers[name]?.starts;
      if (most !== undefined && run > most)
        chaos.violated(`"${name}" was started ${run} times, its budget allows ${most}`);
    }
  }

  async function now(): Promise<void> {
    noDoubles();
    stateReadable();
    await countersGrow();
  }

  return {
    now,
    async settled() {
      await asDesired();
      await now();
      await budgetsHold();
      for (const { pid, server, daemon } of stage.processes())
        if (daemon !== stage.daemon?.pid)
          chaos.violated(`Process ${pid} of "${server}" is left from the daemon ${daemon}`);
      const busy = stage.processes().filter((one) => !isCanary(one));
      for (const { name, pid } of (await stage.status()).servers)
        if (pid === null && busy.some(({ server }) => server === name) && !(name in loopers))
          chaos.violated(`"${name}" is down and has a process`);
    },
    async nothingLeft() {
      stateReadable();
      await waitFor(() => stage.processes().length === 0, { timeout: GUARDIAN }).catch(() => {
        for (const { pid, server } of stage.processes())
          chaos.violated(`Process ${pid} of "${server}" outlives its daemon by ${GUARDIAN} ms`);
      });
    },
  };
}

function describe({ name, state, desired, pid, health, lastFailure }: ServerStatus): string {
  const failure = lastFailure === null ? '' : `, ${lastFailure.message}`;
  return `"${name}", desired ${desired}, is ${state} with pid ${pid}, up ${health.up}${failure}`;
}

/** A version on trial is run 0, and there beside the server on purpose. */
function isCanary({ marker }: Marked): boolean {
  return marker.endsWith('/0');
}

/** Markers of each server that has more than one run. */
function doublesIn(processes: readonly Marked[]): Map<string, string[]> {
  const runs = new Map<string, Set<string>>();
  for (const { server, marker } of processes.filter((one) => !isCanary(one)))
    runs.set(server, (runs.get(server) ?? new Set<string>()).add(marker));
  return new Map(
    [...runs].filter(([, markers]) => markers.size > 1).map(([server, markers]) => [server, [...markers]]),
  );
}

/** Counters of our own, by series. */
function countersIn(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => /^mcp_watchdog_\w+_(?:total|count|bucket)[ {]/u.test(line));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
