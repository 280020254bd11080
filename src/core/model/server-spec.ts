// Specification of a supervised server: source, start, probes, limits, restarts, updates.
// Durations are milliseconds, sizes are bytes; `config/` converts from what people write.
import type { GatewayPolicy } from './gateway-policy.ts';
import type { PackageManagerName } from './package.ts';
import type { ProbePolicy } from './probe-policy.ts';
import type { PythonOptions } from '../python/requirement.ts';

/** Valid server names: a name becomes a folder, a file name and a metric label. */
export const SERVER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Source of the program. `url` servers are watched, not started: they have health and no lifecycle. */
export type Source =
  | {
      readonly kind: 'package';
      readonly manager: PackageManagerName;
      /** Its id, see `package.ts`. */
      readonly package: string;
      readonly version: string;
      readonly bin: string | null;
      /** Left out for packages of other managers. */
      readonly python?: PythonOptions;
    }
  | { readonly kind: 'command'; readonly command: readonly [string, ...string[]] }
  | { readonly kind: 'url' };

/** `sse` is the deprecated HTTP+SSE transport of 2024-11-05, watched read-only. */
export type Transport = 'stdio' | 'http' | 'sse';

/** One limit on restarts: the `restarts`-th unplanned end within `within` ms exhausts it. */
export interface RestartBudget {
  readonly restarts: number;
  readonly within: number;
}

/** Ends that a server without a budget has left: a number, since JSON knows no infinity. */
export const UNLIMITED_ENDS = Number.MAX_SAFE_INTEGER;

export interface RestartPolicy {
  readonly policy: 'always' | 'on-failure' | 'never';
  readonly initialDelay: number;
  readonly maxDelay: number;
  /** 0.2 spreads a delay over ±20 %. */
  readonly jitter: number;
  /** Time ready after which the delay is reset and the next restart is immediate. */
  readonly stableAfter: number;
  readonly budget: readonly RestartBudget[];
  /** Time between two attempts while crash looping. */
  readonly retryAfter: number;
  /** Exit codes that `on-failure` does not count as a failure. */
  readonly successExitCodes: readonly number[];
  /** Exit codes after which the server stays down, whatever the policy. */
  readonly preventExitCodes: readonly number[];
  /** Files and folders, absolute: the server is restarted when one of them has changed. */
  readonly watch: readonly string[];
  /** Cron rule of planned restarts, see `parseRule`; null for none. */
  readonly at: string | null;
}

export interface LimitPolicy {
  /** Whole tree, bytes; null is no limit. `soft` raises an alert only, `hard` restarts. */
  readonly memory: { readonly soft: number | null; readonly hard: number | null };
  /** Cores, averaged over `for` ms; null is no limit. */
  readonly cpu: { readonly soft: number | null; readonly hard: number | null; readonly for: number };
  readonly nice: number;
}

/** Expectations beyond an answer, checked by the full probe; a null asks for nothing. */
export interface ExpectPolicy {
  /** Names that must be listed, or the least number of tools. */
  readonly tools: readonly string[] | { readonly min: number } | null;
  /** Call that must succeed, of a tool that only reads. Values of the arguments may be secret. */
  readonly call: { readonly tool: string; readonly arguments: JsonArguments } | null;
}

interface JsonArguments {
  readonly [name: string]: JsonValue;
}
type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonArguments;

interface UpdatePolicy {
  readonly policy: 'off' | 'notify' | 'auto';
  readonly range: string;
  readonly minimumAge: number;
  readonly allowScripts: boolean;
  /** True installs a version although it says that it needs another runtime. */
  readonly ignoreEngines: boolean;
  /** True lets dependencies come from git, an address or a file: their code may run when they are installed. */
  readonly allowGit: boolean;
  /** True holds an update back whose tools are fewer or accept less than before. */
  readonly strictTools: boolean;
  /** Probation of a new version before it is committed, ms. */
  readonly probation: number;
}

/** Complete specification of one server: defaults filled in, secrets resolved. */
export interface ServerSpec {
  readonly name: string;
  readonly source: Source;
  readonly transport: Transport;
  /** The MCP endpoint of an http or sse server, null for stdio. */
  readonly url: string | null;
  /** HTTP headers sent with each probe of an http or sse server; their values are secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly args: readonly string[];
  /** Variables that the config and the envFile add to the child's environment; values may be secret. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  /** Names of servers that must be ready before this one starts. */
  readonly dependsOn: readonly string[];
  readonly restart: RestartPolicy;
  /** `first-use`: not before the first call of a client. */
  readonly start: { readonly timeout: number; readonly when: 'login' | 'first-use' };
  /** After how many ms without a call the server is stopped until the next one; null for never. */
  readonly idle: { readonly stopAfter: number | null };
  readonly stop: { readonly grace: number };
  readonly probe: ProbePolicy;
  readonly expect: ExpectPolicy;
  readonly limits: LimitPolicy;
  readonly update: UpdatePolicy;
  readonly logs: { readonly maxSize: number; readonly keep: number };
  readonly gateway: GatewayPolicy;
}

export type PackageSource = Extract<Source, { kind: 'package' }>;

/** A server that is a package: the only kind that has versions, and so updates. */
export type PackageSpec = ServerSpec & { readonly source: PackageSource };

export function isPackage(spec: ServerSpec): spec is PackageSpec {
  return hasVersions(spec.source.kind);
}

/** Tells whether servers from such a source have versions. */
export function hasVersions(kind: Source['kind']): boolean {
  return kind === 'package';
}
