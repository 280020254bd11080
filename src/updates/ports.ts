// Ports of the updates: what they need from the rest of the daemon.
import type { WatchdogEvent } from '../core/model/events.ts';
import type { RestartCause } from '../core/model/lifecycle-state.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { Tool } from '../core/tools/tool-diff.ts';
import type { PackageManagerName, VersionScheme } from '../core/model/package.ts';
import type { UpdateCheck, UpdateMemory } from '../core/model/update.ts';

/** Registry and installed versions; the daemon wires it to `packages/`. */
interface UpdatePackages {
  /** Checks the registry; never throws for what the tool or the network do: that is in `error`. */
  check(spec: ServerSpec, memory: UpdateMemory, signal: AbortSignal): Promise<UpdateCheck>;
  /** Reads the version that `current` links to; null when nothing is installed. */
  current(spec: ServerSpec): Promise<string | null>;
  isInstalled(spec: ServerSpec, version: string): Promise<boolean>;
  /** Installs beside the others; a version that is complete is not fetched again. `refusal`: one line for people. */
  install(
    spec: ServerSpec,
    version: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (line: string) => void },
  ): Promise<{ readonly ok: true } | { readonly ok: false; readonly refusal: string }>;
  /** Points `current` at an installed version, in one step. @throws when it is not there, or the disk refuses */
  switchTo(spec: ServerSpec, version: string): Promise<void>;
}

/** Result of starting a version beside the running server. */
export type CanaryReport =
  | { readonly ok: true; readonly tools: readonly Tool[]; readonly residentBytes: number | null }
  /** `fault` is `ours` when the version is not to blame: no port, no file descriptor left. */
  | { readonly ok: false; readonly reason: string; readonly fault: 'version' | 'ours' };

export interface UpdatePorts {
  readonly packages: UpdatePackages;
  /** The version rules of a package manager; nothing is awaited, as they are needed in the middle of decisions. */
  readonly versionsOf: (manager: PackageManagerName) => VersionScheme;
  /** Tries a version beside the running server; resolves when nothing of the canary is left. */
  readonly canary: (spec: ServerSpec, version: string, signal: AbortSignal) => Promise<CanaryReport>;
  /** Lists the tools of the running server now; null when it does not answer. */
  readonly runningTools: (server: string) => Promise<readonly Tool[] | null>;
  /** Tells whether nobody seems to be using it right now. */
  readonly isQuiet: (server: string) => boolean;
  /** Backs up config and state. @throws when it cannot be written */
  readonly backUp: () => Promise<void>;
  readonly restart: (server: string, cause: RestartCause) => void;
  /** The servers of the config in force. */
  readonly specs: () => readonly ServerSpec[];
  /** Tells whether it has a process, or is about to. */
  readonly isUp: (server: string) => boolean;
  /** Resident memory of its process tree now, bytes; null while that is unknown. */
  readonly residentBytes: (server: string) => number | null;
  /** Describes what clients would lose, in one line; null for nothing. */
  readonly compare: (before: readonly Tool[], after: readonly Tool[]) => string | null;
  /** Judges a probation: given each event of the server, it returns why the new version has failed, or null. */
  readonly judge: (options: {
    /** Resident memory of the version before, bytes; null when that was not known. */
    readonly baselineBytes: number | null;
  }) => (event: WatchdogEvent) => string | null;
}
