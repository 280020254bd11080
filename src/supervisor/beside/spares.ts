// Spares: for each server that wants one, a second process that has started and was never spoken to.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { StandIn, StandIns } from './stand-ins.ts';
import type { SideProcess } from './side-process.ts';
import type { ReadyStart, SideProcesses } from './side-processes.ts';

export interface SparesParts {
  readonly clock: Clock;
  readonly processes: Pick<SideProcesses, 'start' | 'release'>;
  readonly onFault: (error: unknown, server: string) => void;
}

/** Ms after the server became ready: its own first calls go first. */
const CALM = 250;
/** Ms before the next try after a spare that ended by itself or was not started: doubled up to the most. */
const FIRST_RETRY = 10_000;
const MOST_RETRY = 600_000;

interface Spare {
  readonly spec: ServerSpec;
  readonly start: ReadyStart;
  process: SideProcess | null;
  cancel: () => void;
  retry: number;
}

export function createSpares({ clock, processes, onFault }: SparesParts): StandIns {
  const spares = new Map<string, Spare>();

  function keep(spec: ServerSpec, start: ReadyStart): void {
    const known = spares.get(spec.name);
    if (known !== undefined && wantsSpare(spec) && isSame(known, spec, start)) return;
    drop(spec.name);
    if (!wantsSpare(spec)) return;
    const spare: Spare = { spec, start, process: null, cancel: () => {}, retry: FIRST_RETRY };
    spares.set(spec.name, spare);
    launchAfter(CALM, spare);
  }

  function launchAfter(delay: number, spare: Spare): void {
    spare.cancel = clock.after(delay, () => {
      launch(spare).catch((error: unknown) => onFault(error, spare.spec.name));
    });
  }

  async function launch(spare: Spare): Promise<void> {
    const { spec, start } = spare;
    const started = await processes.start('spare', spec, start);
    const isCurrent = spares.get(spec.name) === spare;
    if (!('child' in started)) return isCurrent ? again(spare) : undefined;
    if (!isCurrent) return void started.end();
    spare.process = started;
    void started.child.exit.then(() => afterDeath(spare, started));
  }

  function afterDeath(spare: Spare, process: SideProcess): void {
    if (spares.get(spare.spec.name) !== spare) return;
    spare.process = null;
    void process.end();
    again(spare);
  }

  function again(spare: Spare): void {
    launchAfter(spare.retry, spare);
    spare.retry = Math.min(MOST_RETRY, spare.retry * 2);
  }

  function drop(server: string): void {
    const spare = spares.get(server);
    if (spare === undefined) return;
    spares.delete(server);
    spare.cancel();
    void spare.process?.end();
  }

  return {
    keep,
    drop,
    take(server) {
      const spare = spares.get(server);
      const process = spare?.process ?? null;
      if (spare === undefined || process === null) return null;
      spares.delete(server);
      return standInOf(spare, process, processes);
    },
  };
}

function standInOf(spare: Spare, standBy: SideProcess, { release }: Pick<SideProcesses, 'release'>): StandIn {
  const { leader, child } = standBy;
  return {
    leader,
    child,
    version: spare.start.version,
    fits: (spec, start) => standBy.exit() === null && isSame(spare, spec, start),
    handOver(listener) {
      release(standBy);
      return standBy.handOver(listener);
    },
    discard: () => void standBy.end(),
  };
}

/** What has a port cannot run twice; where the key stands in `defaults`, it means the others. */
function wantsSpare({ gateway, transport, probe }: ServerSpec): boolean {
  return gateway.spare && gateway.mode === 'shared' && transport === 'stdio' && probe.kind !== 'http';
}

function isSame(spare: Pick<Spare, 'spec' | 'start'>, spec: ServerSpec, start: ReadyStart): boolean {
  return launchOf(spare.spec, spare.start) === launchOf(spec, start);
}

/** All that decides what a process is. */
function launchOf({ env, limits }: ServerSpec, { argv, cwd, version }: ReadyStart): string {
  const variables = Object.entries(env).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([argv, cwd, version, limits.nice, variables]);
}
