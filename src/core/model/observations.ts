// Observations of one server: start failures, handshake, probe results, health verdicts and resource usage.
import type { ProbeFailure, StartFailureCode } from './vocabulary.ts';

/** Result of one probe; `took` in ms. `inconclusive` is our own fault and never counts. */
export type ProbeResult =
  | { readonly outcome: 'passed'; readonly took: number; readonly tools?: number }
  | {
      readonly outcome: 'failed';
      readonly took: number;
      readonly reason: ProbeFailure;
      readonly detail: string;
      /** The server's own words within `detail`. */
      readonly quote?: string | undefined;
      /** Set when the server answered the handshake with a JSON-RPC error. */
      readonly isRefused?: true;
    }
  | { readonly outcome: 'inconclusive'; readonly detail: string };

/** Why a server could not even be started. `code` is stable, `message` is for people. */
export interface StartFailure {
  readonly code: StartFailureCode;
  readonly message: string;
  readonly hint: string | null;
  /**
   * `never` for faults of the config, which do not heal by themselves: no retry until the config changes or someone
   * starts it.
   */
  readonly retry: 'backoff' | 'never';
  /** Path whose appearance leads to a start at once, whatever `retry` says; left out where none is missing. */
  readonly awaits?: string | undefined;
  /** The last known cause in our words; left out where `message` says all. */
  readonly cause?: string | undefined;
  /** The server's own words about it; left out where there are none. */
  readonly quote?: string | undefined;
}

/** What is known of a command that only launches a server, and ends with code 0. */
export interface LauncherExit {
  /** Follows "exited with code 0". */
  readonly what: string;
  /** How to run it in the foreground. */
  readonly hint: string;
}

/** The server's answer to the MCP handshake. */
export interface Handshake {
  readonly era: 'legacy' | 'modern';
  readonly protocolVersion: string;
  readonly serverName: string | null;
  readonly serverVersion: string | null;
}

/** Sums over one server's process tree. Null where the system does not tell. */
export interface TreeUsage {
  /** Cumulative since the daemon first saw the server, seconds, never goes back. */
  readonly cpuSeconds: number;
  /** Cores used since the previous sample; null for the first. */
  readonly cpuCores: number | null;
  readonly residentBytes: number;
  /** Memory that macOS charges the tree for, compressed and swapped pages included; null elsewhere and while unknown. */
  readonly footprintBytes: number | null;
  /**
   * Whether the footprint was read since the last sample: it is read less often than the rest. Left out where it is
   * null.
   */
  readonly footprintIsNew?: boolean;
  /** Linux: resident memory with each shared page counted once, PSS; null elsewhere and while unknown. At most `residentBytes`. */
  readonly proportionalBytes: number | null;
  /** Whether it was read for this sample: it is read less often than the rest. Left out where it is null. */
  readonly proportionalIsNew?: boolean;
  /** Processes that count with their resident memory, because their proportional memory cannot be read. Left out where there are none. */
  readonly unreadableProcesses?: number;
  readonly processes: number;
  readonly threads: number | null;
  readonly openFds: number | null;
}

/** `up` is null until the first verdict on a process. `suspect`: a failed probe, not yet a verdict. */
export interface HealthVerdict {
  readonly up: boolean | null;
  readonly suspect: boolean;
  /** It answers, and refuses us: for want of credentials, or for the Host or Origin that we send. */
  readonly unauthorized: boolean;
  /** Set when it is the Host or Origin that it refuses. */
  readonly wrongHost?: true;
  readonly consecutiveFailures: number;
  /** One line for people: what the last failure was; null while all is well. */
  readonly detail: string | null;
  /** `detail` in our words alone; left out while all is well. */
  readonly cause?: string | undefined;
  /** The server's own words within `detail`; left out where there are none. */
  readonly quote?: string | undefined;
  /** Why nobody can tell whether it is still up: as many probes as make a verdict came to no result. Left out while they do. */
  readonly unasked?: string;
}
