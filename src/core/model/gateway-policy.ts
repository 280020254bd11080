// Policy of the gateway for one server, and its settings for all; durations are ms, sizes bytes.
import type { ClientCapability } from '../gateway/model.ts';

/** `per-session` gives each client a process of its own. `off` leaves the server out. */
export const GATEWAY_MODES = ['shared', 'per-session', 'off'] as const;
type GatewayMode = (typeof GATEWAY_MODES)[number];

export const RETRY_MODES = ['safe', 'never'] as const;

/** `calls` records who called which tool when; `bodies` also arguments and results, which may hold anything. */
export const CALL_LOGS = ['off', 'calls', 'bodies'] as const;

/** Why a request was refused before it reached a server's router. */
export const REFUSAL_REASONS = ['host', 'origin', 'user', 'token', 'session', 'header', 'body'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Names of tools; `*` matches any part of one. */
type Globs = readonly string[];

export interface GatewayPolicy {
  readonly mode: GatewayMode;
  /** Processes at a time in mode `per-session`. */
  readonly maxInstances: number;
  /** Told to the server as ours: it may then ask the client whose call is under way. */
  readonly capabilities: readonly ClientCapability[];
  /** Which tools are listed and may be called; deny wins. `readOnly` leaves out what is not marked so. */
  readonly tools: { readonly allow: Globs; readonly deny: Globs; readonly readOnly: boolean };
  /** Which calls are sent again after a server died under them; the globs override the server's own word. */
  readonly retry: {
    readonly mode: (typeof RETRY_MODES)[number];
    readonly allow: Globs;
    readonly deny: Globs;
  };
  /** How many calls wait for a server that is being restarted, and how long. */
  readonly queue: { readonly length: number; readonly patience: number };
  /** How long an unanswered call excuses missed probes. */
  readonly busyGrace: number;
  /** Whether a second, unused process stands by. */
  readonly spare: boolean;
}

export interface GatewaySettings {
  /** Null for no TCP listener. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  readonly socket: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Absolute path; null for no token. */
  readonly tokenFile: string | null;
  readonly maxBody: number;
  readonly timeout: number;
  readonly log: (typeof CALL_LOGS)[number];
}
