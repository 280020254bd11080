// What the updates ask of the rest of the daemon: packages, a canary, a quiet moment, a restart, a memory.
import type { WatchdogEvent } from '../core/model/events.ts';
import type { RestartCause } from '../core/model/lifecycle-state.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';

/** Where versions come from and where they lie; `daemon/` gives it from `packages/`. */
interface UpdatePackages {
  /** Asks the registry and judges; never throws for what npm or the network do: that is in `error`. */
  look(spec: ServerSpec, memory: UpdateMemory, signal: AbortSignal): Promise<UpdateCheck>;
  /** The version that `current` links to; null when nothing is installed. */
  current(spec: ServerSpec): Promise<string | null>;
  isInstalled(spec: ServerSpec, version: string): Promise<boolean>;
  /** Beside what is there; a version that is already complete is not fetched again. `refusal`: one line for people. */
  install(
    spec: ServerSpec,
    version: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly refusal: string }>;
  /** Points `current` at an installed version, in one step. @throws when it is not there, or the disk refuses */
  switchTo(spec: ServerSpec, version: string): Promise<void>;
}

/** A version that was started on the side, asked, and ended again. */
export type CanaryReport =
  | { readonly ok: true; readonly tools: readonly Tool[]; readonly residentBytes: number | null }
  /** `fault`: ours, and not the version's: no port, no file descriptor left. */
  | { readonly ok: false; readonly reason: string; readonly fault: 'version' | 'ours' };

export interface UpdatePorts {
  readonly packages: UpdatePackages;
  /** Never touches the server that runs; resolves when nothing of the canary is left. */
  readonly canary: (spec: ServerSpec, version: string, signal: AbortSignal) => Promise<CanaryReport>;
  /** Of the server that runs, asked now; null when it does not answer. */
  readonly runningTools: (server: string) => Promise<readonly Tool[] | null>;
  /** Whether nobody seems to be using it right now. */
  readonly isQuiet: (server: string) => boolean;
  /** Config and state. @throws when it cannot be written */
  readonly backUp: () => Promise<void>;
  readonly restart: (server: string, cause: RestartCause) => void;
  /** Of the config that is in force. */
  readonly specs: () => readonly ServerSpec[];
  /** Whether there is a process of it, or one on its way. */
  readonly isUp: (server: string) => boolean;
  /** What it uses now, its whole tree; null while that is unknown. */
  readonly residentBytes: (server: string) => number | null;
  /** What clients would miss, in one line; null for nothing. */
  readonly compare: (before: readonly Tool[], after: readonly Tool[]) => string | null;
  /** Told each event of a server on probation; answers why the new version has failed, or null. */
  readonly judge: (options: {
    /** What ran before used so much; null when that was not known. */
    readonly baselineBytes: number | null;
  }) => (event: WatchdogEvent) => string | null;
}
