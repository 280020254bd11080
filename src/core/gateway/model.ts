// Types of the gateway: what a server's router is told, what it asks for, and the interface between it and the endpoints.
import type { JsonObject } from '../base/json-rpc.ts';

export type Era = 'legacy' | 'modern';
export type RequestId = string | number;

/** What a client can be asked by a server; only sessions of the legacy era declare it once and for all. */
export const CLIENT_CAPABILITIES = ['sampling', 'elicitation', 'roots'] as const;
export type ClientCapability = (typeof CLIENT_CAPABILITIES)[number];

/** What a session means. All of it fits into the session's id, so that it outlives the daemon. */
export interface SessionFacts {
  /** Protocol version that was agreed. */
  readonly version: string;
  readonly capabilities: readonly ClientCapability[];
}

/** What a session has asked for beyond its facts; on disk, so that a session that comes back still has it. */
export interface KeptSession {
  /** Log level, null when the client never set one. */
  readonly level: string | null;
  /** Resources that it is subscribed to. */
  readonly uris: readonly string[];
}

/** Kind of connection that a client uses; OTel's `network.transport`. */
export type Channel = 'tcp' | 'unix';

/**
 * What an endpoint tells a router. `at` is ms of the monotonic clock. A *port* is where the answers to one message go: an
 * HTTP exchange, or one message of a shim. Ports are unique among all endpoints and never used twice.
 */
export type ClientEvent =
  /** A client sent a message. It is valid JSON-RPC 2.0 of bounded depth; `text` is the same as it came. */
  | {
      readonly kind: 'said';
      readonly at: number;
      readonly port: number;
      /** Null for a client of the modern era over HTTP; a connection of a shim is a session in either era. */
      readonly session: string | null;
      readonly era: Era;
      readonly channel: Channel;
      readonly message: JsonObject;
      readonly text: string;
    }
  /** The client closed the exchange before the last answer; for the modern era that cancels the request. */
  | { readonly kind: 'left'; readonly at: number; readonly port: number }
  /** A session begins, or comes back that this router does not know (any more). Before its first message. */
  | {
      readonly kind: 'opened';
      readonly at: number;
      readonly session: string;
      readonly facts: SessionFacts;
      /** Filled in by the gateway for a session that comes back, not by endpoints. */
      readonly kept?: KeptSession;
    }
  /** The client ended its session. */
  | { readonly kind: 'closed'; readonly at: number; readonly session: string };

/** Whether calls that cannot be answered now are worth waiting. */
export type Availability =
  /** Being started or restarted: calls wait. */
  | { readonly kind: 'coming' }
  /**
   * Not started before somebody needs it: calls wait, and the first of them wakes it. `lists` are its last answers, by
   * method: a client that merely opens needs no more.
   */
  | { readonly kind: 'asleep'; readonly lists: Readonly<Partial<Record<string, JsonObject>>> }
  /** Stopped or crash looping: calls are refused at once. `retryAfter` is ms, null when not known. */
  | { readonly kind: 'away'; readonly state: string; readonly retryAfter: number | null };

/** What a server said of itself, in the words of either era. */
export interface Introduction {
  readonly era: Era;
  readonly capabilities: JsonObject;
  readonly serverInfo: unknown;
  readonly instructions: string | null;
}

/** What may be done with a server's tools; asked for each call, so that a change holds for sessions that exist. */
export interface ToolRules {
  /** True when some tools are hidden: only then are lists rewritten. */
  readonly isFilter: boolean;
  mayCall(tool: string): boolean;
  /** Whether a call that was cut off may be sent a second time; null stands for other requests that only read. */
  mayRepeat(tool: string | null): boolean;
}

export const LISTS = ['tools', 'prompts', 'resources'] as const;
export type ListName = (typeof LISTS)[number];

/** What a router is told of its server. */
export type ServerEvent =
  /** What is known of a server that does not run: its introduction as it was last seen. */
  | { readonly kind: 'known'; readonly introduction: Introduction }
  /** The server runs and has introduced itself; `changed` are the lists that differ from those last seen. */
  | {
      readonly kind: 'ready';
      readonly at: number;
      /** Number of the process; part of all ids that the server sees. */
      readonly run: number;
      readonly introduction: Introduction;
      readonly rules: ToolRules;
      readonly changed: readonly ListName[];
    }
  | { readonly kind: 'rules'; readonly rules: ToolRules }
  /** A list differs from the one last seen while the server ran on. */
  | { readonly kind: 'changed'; readonly lists: readonly ListName[] }
  /** The server sent a message that is not the prober's; `text` is the same as it came. */
  | {
      readonly kind: 'answered';
      readonly at: number;
      readonly message: JsonObject;
      readonly text: string;
    }
  /** A stop of ours is near: new calls wait from here on, those under way go on. */
  | { readonly kind: 'leaving' }
  /** The process is gone. */
  | { readonly kind: 'lost'; readonly at: number }
  /** The connection that carried this request broke; the server may live. */
  | { readonly kind: 'broken'; readonly at: number; readonly key: string }
  /** The server did not take the request that was written under this id: it does not read (`full`), or has ended. */
  | {
      readonly kind: 'refused';
      readonly at: number;
      readonly key: string;
      readonly why: 'full' | 'gone';
    }
  | { readonly kind: 'availability'; readonly at: number; readonly availability: Availability }
  | { readonly kind: 'limits'; readonly limits: GatewayLimits }
  /** The daemon ends: whoever waits is answered, and streams end with a result. */
  | { readonly kind: 'ending'; readonly at: number }
  | { readonly kind: 'tick'; readonly at: number };

export type GatewayEvent = ClientEvent | ServerEvent;

/** What an endpoint does for a router. */
export type ClientAction =
  /**
   * Sends a message to where the request came from; `isLast` ends the exchange. `code` is the JSON-RPC error code of the
   * message, null for anything else. An unknown port is ignored.
   */
  | {
      readonly kind: 'send';
      readonly port: number;
      readonly text: string;
      readonly isLast: boolean;
      readonly code: number | null;
    }
  /**
   * The client cancelled the request: its exchange ends. A pipe sends nothing, HTTP sends `text`, an error, because a
   * client that waits for the end of a stream would ask for the rest of it for ever.
   */
  | { readonly kind: 'end'; readonly port: number; readonly text: string }
  /** Sends a message on the session's own stream, now or when the client opens it again. */
  | { readonly kind: 'tell'; readonly session: string; readonly text: string }
  /** The router dropped the session to save memory: what is kept for it goes too. Its id stays good. */
  | { readonly kind: 'forget'; readonly session: string };

export type GatewayAction =
  | ClientAction
  /** Writes a message to the server. `key` is the id of a request that a client waits for, else null. */
  | { readonly kind: 'write'; readonly text: string; readonly key: string | null }
  /** Writes down what a session has asked for. */
  | { readonly kind: 'keep'; readonly session: string; readonly kept: KeptSession }
  /** Starts a server that is asleep. */
  | { readonly kind: 'wake' }
  /** A request ended. */
  | ({ readonly kind: 'observe' } & Exchange);

/** One request of a client that has ended, for metrics and records. */
export interface Exchange {
  /** When it ended, ms of the monotonic clock. */
  readonly at: number;
  readonly session: string | null;
  /** Name that the client gives itself; null when it is not known. */
  readonly client: string | null;
  readonly channel: Channel;
  readonly era: Era;
  readonly method: string;
  /** Tool of a `tools/call`, else null. */
  readonly tool: string | null;
  /** Ms from the request to the answer; `waited` of them in the queue. */
  readonly took: number;
  readonly waited: number;
  readonly isRetry: boolean;
  readonly error: ExchangeError;
  readonly request: JsonObject;
  /** What the client got; null when it was gone. */
  readonly response: string | null;
}

/** Empty for success; `tool_error` for `isError`; else a reason of ours, or the code of the server's error. */
export type ExchangeError =
  | ''
  | 'tool_error'
  | 'timeout'
  | 'cancelled'
  | 'server_restarted'
  | 'server_unavailable'
  | 'busy'
  | `${number}`;

/** Durations are ms. */
export interface GatewayLimits {
  /** Calls that wait for the server at most. */
  readonly queue: number;
  /** How long a call waits for the server. */
  readonly patience: number;
  /** Calls that are under way at a time at most. */
  readonly calls: number;
  /** How long a call may be without answer or progress. */
  readonly timeout: number;
  /** Sessions in memory at most, and how long one is kept without use. Ids stay good after both. */
  readonly sessions: number;
  readonly sessionIdle: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  queue: 256,
  patience: 30_000,
  calls: 1_024,
  timeout: 600_000,
  sessions: 1_000,
  sessionIdle: 86_400_000,
};

export interface GatewayLoad {
  readonly sessions: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Open `subscriptions/listen` requests. */
  readonly listeners: number;
  /** Processes that belong to one session each, those that are being ended included; only with mode `per-session`. */
  readonly instances?: number;
}

/** Clients of one server at this moment. */
export interface ClientLoad {
  readonly sessions: number;
  /** Open streams of sessions and of `subscriptions/listen`. */
  readonly streams: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Processes that belong to one session each; only with mode `per-session`. */
  readonly instances?: number;
}

/** Argument of a tool that a client repeats in a header: `x-mcp-header` of its input schema. */
export interface ToolHeader {
  /** Without `Mcp-Param-`. */
  readonly header: string;
  /** Names of properties from the arguments down. */
  readonly path: readonly string[];
}

/** Why no session can begin now. */
export interface SessionRefusal {
  readonly message: string;
  readonly data: JsonObject;
  /** Seconds after which it is worth another try; null when not known. */
  readonly retryAfter: number | null;
}

/** Sessions of a server that has a process for each of them. */
export interface OwnProcesses {
  /** Null when another session can begin. */
  refusal(): SessionRefusal | null;
}

/** One server as an endpoint sees it. */
export interface GatewayServer {
  readonly name: string;
  /** Part of the MAC of session ids: grows when the server is removed or becomes another program. */
  readonly generation: number;
  /** False: the session is not in memory, and has to be `opened` before its next message. */
  knows(session: string): boolean;
  take(event: ClientEvent): void;
  /**
   * Set where each session has a process of its own: an id that is not in memory has lost its process and never comes back,
   * and nothing goes without a session.
   */
  readonly ownProcesses?: OwnProcesses;
  /** Of a tool in the last list; empty for tools without such arguments. */
  toolHeaders(tool: string): readonly ToolHeader[];
}

/** What endpoints need of the rest; actions come back through `GatewayEndpoints.perform`. */
export interface GatewayServers {
  /** Undefined for unknown names and for servers that the gateway leaves out. */
  find(name: string): GatewayServer | undefined;
  /** Those that can be found, with a word on each for people. */
  list(): readonly { readonly name: string; readonly state: string }[];
}

export interface GatewayEndpoints {
  perform(server: string, action: ClientAction): void;
}
