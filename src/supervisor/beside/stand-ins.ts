// Interface between runners and the processes that are started ahead, to take the place of one that dies.
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { SpawnedProcess } from '../../system/process/spawn.ts';
import type { Leader } from '../leftover-processes.ts';
import type { PreparedStart } from '../prepare.ts';
import type { ServerProcess, ServerProcessOptions } from '../server-process.ts';

type ReadyStart = Extract<PreparedStart, { ok: true }>;

/** A process that has left the list of those that stand by. Whoever took it hands it over, or discards it. */
export interface StandIn {
  readonly leader: Leader;
  readonly child: SpawnedProcess;
  readonly version: string | null;
  /** Whether it lives, and is what this start would bring. */
  fits(spec: ServerSpec, start: ReadyStart): boolean;
  handOver(listener: Pick<ServerProcessOptions, 'onExit' | 'onGone' | 'handedOver'>): ServerProcess;
  discard(): void;
}

export interface StandIns {
  /** Has one process stand by for the server where its spec wants that; one that is something else by now ends. */
  keep(spec: ServerSpec, start: ReadyStart): void;
  /** Ends what stands by for the server. */
  drop(server: string): void;
  /** Takes the process that stands by; null when none does. */
  take(server: string): StandIn | null;
}
