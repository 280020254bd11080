// Interface of a package manager: versions, registry and installation behind one shape, whatever tool does the work.
import type { PackageManagerName, VersionScheme } from '../../core/model/package.ts';
import type { PackageSource } from '../../core/model/server-spec.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { InstallError, InstallTarget, ManagerWords } from './install-error.ts';

export interface PackageManager {
  readonly name: PackageManagerName;
  readonly words: ManagerWords;
  readonly versions: ManagerVersions;
  /** Refuses an id that is no package of this manager, and must not reach the command line of its tool; else null. */
  refuseId(id: string): InstallError | null;
  /** Reads what a folder holds; null when it is not, or not completely, what `source` asks for, its `version` apart. */
  inspect(folder: string, source: PackageSource): InstalledVersion | null;
  /** Finds the program of an installed version. @param bin the name that the user chose, or null */
  programOf(installed: InstalledVersion, bin: string | null): ResolvedProgram;
  /** Tells why an installed version cannot run although the tool accepts it; null when it can. */
  faultOf(installed: InstalledVersion, id: string): Promise<InstallError | null>;
  /**
   * Returns what to ask for in place of `wish` when `version`, which it led to, does not fit the runtime: something older
   * within the wish. Null where an older version is not what was asked for.
   */
  olderWish(wish: string, version: string): Promise<string | null>;
  /**
   * Tells of the dependencies that ask for another runtime, one line each; the tool installs them all the same, and most
   * of them work.
   */
  unfitDependencies(installed: InstalledVersion): Promise<readonly string[]>;
  /** Installs into an empty folder. @returns null when the tool succeeded; never throws for what tool or registry do */
  install(request: InstallRequest, run: ManagerRun): Promise<InstallError | null>;
  /** Lists every published version. */
  list(id: string, run: ManagerRun): Promise<RegistryAnswer<VersionListing>>;
  /** Describes those of `versions` that the registry has, by version, spelled as they were asked for. */
  describe(
    id: string,
    versions: readonly string[],
    run: ManagerRun,
  ): Promise<RegistryAnswer<ReadonlyMap<string, VersionFacts>>>;
  /** Reads the age limit in the user's own settings: the latest publication allowed, ms since the epoch, or Infinity. */
  notBefore(run: ManagerRun): Promise<number>;
  /** Tells in one line why the runtime of servers does not satisfy `engine`; null when it does. */
  runtimeRefuses(engine: string, run: ManagerRun): Promise<string | null>;
  /** Measures a folder that is being installed into; never rejects. */
  readonly measure: (folder: string) => Promise<InstallGrowth>;
  /** Finds the tool and asks for its version, for diagnosis. */
  tool(search: ToolSearch): Promise<ManagerTool>;
}

/** `exact`: one version. `range`: any that satisfies it. `tag`: a name that only the registry can resolve. */
export type WishKind = 'exact' | 'range' | 'tag';

/** What a range allows. */
export interface VersionRanges {
  readonly isRange: (text: string) => boolean;
  /** Prereleases count. `*` allows every version. */
  readonly isWithin: (version: string, range: string) => boolean;
}

export interface ManagerVersions extends VersionScheme {
  /** Null when `wish` is none of the three: a path, a URL or an option must never reach the tool. */
  wishKind(wish: string): Promise<WishKind | null>;
  /** Loads what knows ranges, which may cost megabytes. */
  ranges(): Promise<VersionRanges>;
}

export type ManagerEnvironment = Readonly<Record<string, string | undefined>>;

/** How the tool is run, whatever it does. */
export interface ManagerRun {
  readonly environment: ManagerEnvironment;
  /** Ms; with `expiry`, without progress. */
  readonly timeout: number;
  /** Ends the tool in place of a fixed timeout, when it makes no progress any more. */
  readonly expiry?: AbortSignal;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Version of the runtime that runs servers, of Python also specifiers; left out: the one that runs us, or that the manager chooses. */
  readonly runtime?: string;
}

export interface InstallRequest extends InstallTarget {
  readonly source: PackageSource;
  /** An exact version, a range or a tag; that of `source`, or the one to update to. */
  readonly version: string;
  /** Absolute and empty. */
  readonly stage: string;
  readonly allowScripts: boolean;
  /** Overrides the tool's own settings that refuse another runtime. */
  readonly ignoreEngines: boolean;
  /** Whether dependencies may come from elsewhere than the registry: git, an address, a file. */
  readonly allowGit: boolean;
  /** Nothing published later, ms since the epoch, is installed; null leaves it to the user's settings. */
  readonly before: number | null;
  /** Called once the tool is found and about to run. */
  readonly onStarted: () => void;
}

/** One complete version; it never changes, and nothing here ever deletes one. */
export interface InstalledVersion {
  readonly version: string;
  /** Absolute, `servers/<name>/versions/<v>`. */
  readonly folder: string;
  /** Absolute, the package itself, below `folder` or the same. */
  readonly packageFolder: string;
  /** The range of runtime versions that it needs; null when it says nothing. */
  readonly engine: string | null;
  /** Why the tool has installed something older than the newest that was asked for; left out where it has not. */
  readonly instead?: string;
}

export type ResolvedProgram =
  | {
      readonly ok: true;
      readonly argv: readonly [string, ...string[]];
      /** Folder that comes first on the PATH of the program; left out where that stays as it is. */
      readonly programs?: string;
    }
  | { readonly ok: false; readonly reason: string };

export type RegistryAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: InstallError };

/** All that is published. */
export interface VersionListing {
  /** Each is a version, in no order. */
  readonly versions: readonly string[];
  /** Ms since the epoch, by version; what the registry does not tell is missing. */
  readonly publishedAt: ReadonlyMap<string, number>;
  /** By name; each points to a version that is there. Empty where the registry knows no tags. */
  readonly tags: ReadonlyMap<string, string>;
}

/** What is compared from one version to the next. */
export interface VersionFacts {
  readonly version: string;
  /** The range of runtime versions that it needs. */
  readonly engine: string | null;
  /** The words of its maintainers. */
  readonly deprecated: string | null;
  /** Whether the registry keeps a statement of where it was built. */
  readonly isAttested: boolean;
  /** Whether the registry has signed it. */
  readonly isSigned: boolean;
  /** Names of the scripts that run when it is installed. */
  readonly installScripts: readonly string[];
  /** Names; empty when the registry does not tell. */
  readonly maintainers: readonly string[];
  readonly publisher: string | null;
  /** Published by a build that the registry trusts, and not with somebody's token. */
  readonly isTrusted: boolean;
}

export interface InstallGrowth {
  readonly packages: number;
  readonly bytes: number;
}

export interface ToolSearch {
  /** The program that runs servers, absolute: its own tool comes first. */
  readonly runtime: string;
  readonly environment: ManagerEnvironment;
  readonly run: (argv: readonly [string, ...string[]]) => Promise<ToolResult>;
}

type ToolResult = Pick<CommandResult, 'code' | 'stdout' | 'stderr' | 'spawnError'>;

/** `broken`: it is there and does not run; `reason` says why. */
export type ManagerTool =
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly path: string; readonly reason: string }
  | { readonly kind: 'found'; readonly path: string; readonly version: string };
