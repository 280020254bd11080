// Control protocol between command line and daemon: one JSON object a line, typed and versioned.
import type { CleanupReport } from '../core/model/cleanup-report.ts';
import type { ReloadReport } from '../core/model/config-diff.ts';
import type { ErrorCode } from '../core/base/errors.ts';
import { WatchdogError } from '../core/base/errors.ts';
import { suggestSpelling } from '../core/base/suggest.ts';
import type { ServerClients, NumberedCall } from '../core/gateway/call-summary.ts';
import type { ShownChange } from '../core/gateway/tool-definitions.ts';
import type { ChannelReport } from '../core/model/notification.ts';
import type { Status } from '../core/model/status.ts';
import type { ShownEvent } from '../core/status/shown-event.ts';
import type { QueryAnswer } from '../core/metrics/query-result.ts';
import type { OfferedTool } from '../core/tools/tool-diff.ts';
import type { UpdateCheck, UpdateAnswer } from '../core/model/update.ts';
import { isObject, messageOf, parseJson } from '../core/base/guards.ts';
import { isTooDeep } from '../core/base/json-rpc.ts';
import { neutralise, truncate } from '../core/base/text.ts';

/** Raised when an old side would misread a new one; both sides refuse every other number. */
export const PROTOCOL_VERSION = 1;

/** Longest line that each side reads, newline excluded. */
export const MAX_REQUEST_BYTES = 1024 ** 2;
export const MAX_RESPONSE_BYTES = 16 * 1024 ** 2;

/** Deepest nesting of a request: params are one list in one object. */
const MAX_REQUEST_DEPTH = 16;

/** The daemon that answers: enough to say who holds the home. `startedAt` in ms since the epoch. */
export interface DaemonInfo {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly startedAt: number;
}

type NamesParams = { readonly names: readonly string[] };
type NoParams = Readonly<Record<string, never>>;

/** Why what was asked for would not survive a restart of the daemon now: the disk refused it. Null when it would, as from older daemons. */
export type Unsaved = { readonly unsaved: string } | null;

/** Where the page is, and a link that signs a browser in: once, and only until `until`, ms since the epoch. */
export interface PageLink {
  readonly url: string;
  /** With the code in its fragment; null where a file leads there. */
  readonly link: string | null;
  /** Private file that leads a browser to the link; null for none. */
  readonly file: string | null;
  readonly until: number;
}

/** Heartbeats by server, and the last events, the newest first. */
export interface PageView {
  readonly beats: Readonly<Record<string, string>>;
  /** Requests of clients a minute, and their 95th percentile in ms, over the last five minutes; servers without any are left out. */
  readonly traffic: Readonly<Record<string, { readonly perMinute: number; readonly p95: number }>>;
  readonly events: readonly ShownEvent[];
  /** Restarts of the last 24 hours by server; servers without any are left out. */
  readonly restarts: Readonly<Record<string, number>>;
  /** All restarts that are counted, of the same moment as those of the last 24 hours; servers without any are left out. */
  readonly restartsEver: Readonly<Record<string, number>>;
  /** What follows of those that missed a probe; servers that have not are left out. */
  readonly misses: Readonly<Record<string, Misses>>;
  /** Alerts whose condition holds, but not for long enough yet. */
  readonly pendingAlerts: number;
}

/** The view of a daemon that knows of nothing yet; also of what one of another version leaves out. */
export const EMPTY_VIEW: PageView = {
  beats: {},
  traffic: {},
  events: [],
  restarts: {},
  restartsEver: {},
  misses: {},
  pendingAlerts: 0,
};

interface Misses {
  /** Probes that may still be missed, that which makes it down included. */
  readonly left: number;
  /** False where the server is only reported as down. */
  readonly restarts: boolean;
  /** When the last of them is missed at the latest if all are, ms since the epoch. */
  readonly until: number;
}

/** Every method with its params and result; the daemon has one handler for each but `ping` and `watch`. */
export interface Methods {
  readonly ping: { readonly params: NoParams; readonly result: DaemonInfo };
  readonly status: { readonly params: NoParams; readonly result: Status };
  /** Sends a status at once and after each change until the connection ends; it has no result. */
  readonly watch: { readonly params: NoParams; readonly result: null };
  readonly start: { readonly params: NamesParams; readonly result: Unsaved };
  readonly stop: { readonly params: NamesParams; readonly result: Unsaved };
  readonly restart: { readonly params: NamesParams; readonly result: Unsaved };
  /** Probes and samples now; the status that results. Without a name, all servers. */
  readonly check: { readonly params: { readonly name?: string }; readonly result: Status };
  /** Lists the tools of a server that runs, now; refused when it does not answer. */
  readonly tools: { readonly params: { readonly name: string }; readonly result: readonly OfferedTool[] };
  /** Reads the config again; a dry run only says what would follow. Refused with every problem of the file. */
  readonly reload: { readonly params: { readonly dryRun?: boolean }; readonly result: ReloadReport };
  /** Removes old logs, versions and forgotten files; a dry run only says what that would be. */
  readonly cleanup: { readonly params: { readonly dryRun?: boolean }; readonly result: CleanupReport };
  /** Asks the registry now. Without names, all servers that are packages. */
  readonly updateCheck: { readonly params: NamesParams; readonly result: readonly UpdateCheck[] };
  /** Begins updates, one after the other, and answers before they end. `to`: this version, with one name only. */
  readonly update: {
    readonly params: NamesParams & { readonly to?: string; readonly dryRun?: boolean };
    readonly result: readonly UpdateAnswer[];
  };
  /** Rolls back to the version before. Without names, all servers that have one. */
  readonly rollback: {
    readonly params: NamesParams & { readonly dryRun?: boolean };
    readonly result: readonly UpdateAnswer[];
  };
  /**
   * Requests of clients that ended after number `after`, oldest first, the newest `most` of them; of one server or of all.
   */
  readonly calls: {
    readonly params: { readonly name?: string; readonly after?: number; readonly most?: number };
    readonly result: readonly NumberedCall[];
  };
  /** Who used a server through the gateway lately, and what for. */
  readonly clients: { readonly params: { readonly name: string }; readonly result: ServerClients };
  /** Asks the history, as `GET /api/v1/query` and `query_range` do. */
  readonly query: {
    readonly params: {
      readonly path: 'query' | 'query_range';
      readonly parameters: Readonly<Record<string, string>>;
    };
    readonly result: QueryAnswer;
  };
  /** Approves what a server says of its tools now; a dry run only shows what differs. */
  readonly approve: {
    readonly params: { readonly name: string; readonly dryRun?: boolean };
    readonly result: readonly ShownChange[];
  };
  /** Makes a link to the page that signs a browser in; as a private file unless `isPrinted`. */
  readonly signIn: { readonly params: { readonly isPrinted?: boolean }; readonly result: PageLink };
  /** Ends all sessions of the page. */
  readonly signOut: { readonly params: NoParams; readonly result: { readonly ended: number } };
  /** What a live view shows beside the status. */
  readonly view: { readonly params: { readonly events?: number }; readonly result: PageView };
  /** One notification through every channel, now. */
  readonly notifyTest: { readonly params: NoParams; readonly result: readonly ChannelReport[] };
  /** Answered before the work begins; the connection ends when all of it is done. */
  readonly shutdown: { readonly params: NoParams; readonly result: null };
}

export type Method = keyof Methods;

export type Request = {
  [M in Method]: { readonly id: number; readonly method: M; readonly params: Methods[M]['params'] };
}[Method];

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
}

/** One line from the daemon; `status` lines belong to a `watch`. */
export type Reply = { readonly v: number; readonly id: number | null } & (
  | { readonly result: unknown }
  | { readonly error: WireError }
  | { readonly status: Status }
);

/** A request as understood, or why it is not one. `id` is null when even that could not be read. */
export type ParsedRequest =
  | { readonly request: Request }
  | { readonly id: number | null; readonly error: WatchdogError };

type Params = Readonly<Record<string, unknown>>;

const nothing = () => true;
const names = ({ names }: Params) => Array.isArray(names) && names.every((name) => typeof name === 'string');

const isOptional = (value: unknown, type: 'string' | 'boolean' | 'number') =>
  value === undefined || typeof value === type;

/** Whether the params of a method are what `Methods` says. */
const GUARDS: Readonly<Record<Method, (params: Params) => boolean>> = {
  ping: nothing,
  status: nothing,
  watch: nothing,
  start: names,
  stop: names,
  restart: names,
  check: ({ name }) => name === undefined || typeof name === 'string',
  tools: ({ name }) => typeof name === 'string',
  reload: ({ dryRun }) => dryRun === undefined || typeof dryRun === 'boolean',
  cleanup: ({ dryRun }) => dryRun === undefined || typeof dryRun === 'boolean',
  updateCheck: names,
  update: (params) =>
    names(params) && isOptional(params['to'], 'string') && isOptional(params['dryRun'], 'boolean'),
  rollback: (params) => names(params) && isOptional(params['dryRun'], 'boolean'),
  calls: ({ name, after, most }) =>
    isOptional(name, 'string') && isOptional(after, 'number') && isOptional(most, 'number'),
  clients: ({ name }) => typeof name === 'string',
  query: ({ path, parameters }) =>
    (path === 'query' || path === 'query_range') &&
    isObject(parameters) &&
    Object.values(parameters).every((value) => typeof value === 'string'),
  approve: ({ name, dryRun }) => typeof name === 'string' && isOptional(dryRun, 'boolean'),
  signIn: ({ isPrinted }) => isOptional(isPrinted, 'boolean'),
  signOut: nothing,
  view: ({ events }) => isOptional(events, 'number'),
  notifyTest: nothing,
  shutdown: nothing,
};

export function parseRequest(line: string): ParsedRequest {
  const message = parseObject(line, MAX_REQUEST_DEPTH);
  if (message === null) {
    const limit = `a JSON object of at most ${MAX_REQUEST_DEPTH} levels`;
    return refuse(null, `Cannot read the request: it must be ${limit}, got ${excerpt(line)}`);
  }
  const { v, id, method, params = {} } = message;
  if (typeof id !== 'number')
    return refuse(null, `Cannot read the request: its id must be a number, got ${show(id)}`);
  if (v !== PROTOCOL_VERSION) return { id, error: otherVersion('request', v) };
  if (typeof method !== 'string' || !isMethod(method))
    return refuse(id, `Cannot answer: ${show(method)} is no method`, near(method));
  const request = { id, method, params };
  if (isRequest(request)) return { request };
  return refuse(id, `Cannot answer "${method}": its params are wrong, got ${show(params)}`);
}

/** @throws WatchdogError CONTROL_FAILED when the line is no reply of this version */
export function parseReply(line: string): Reply {
  const message = parseObject(line);
  if (message === null)
    throw new WatchdogError('CONTROL_FAILED', 'Cannot read the answer: it is not a JSON object');
  if (message['v'] !== PROTOCOL_VERSION) throw otherVersion('answer', message['v']);
  if (isReply(message)) return message;
  const got = show(message);
  throw new WatchdogError(
    'CONTROL_FAILED',
    `Cannot read the answer: it has no id, or no result and no error, got ${got}`,
  );
}

export function toWireError(error: unknown, method: string): WireError {
  if (error instanceof WatchdogError) return { code: error.code, message: error.message, hint: error.hint };
  const reason = messageOf(error);
  return {
    code: 'CONTROL_FAILED',
    message: `Cannot ${method}: ${reason}`,
    hint: 'See the daemon’s log: mcp-watchdog logs',
  };
}

export function fromWireError({ code, message, hint }: WireError): WatchdogError {
  return new WatchdogError(code, message, hint === null ? {} : { hint });
}

function refuse(id: number | null, message: string, hint?: string): ParsedRequest {
  return { id, error: new WatchdogError('CONTROL_FAILED', message, hint === undefined ? {} : { hint }) };
}

function otherVersion(what: string, version: unknown): WatchdogError {
  return new WatchdogError(
    'CONTROL_FAILED',
    `Cannot read the ${what}: it speaks control protocol ${show(version)}, this side speaks ${PROTOCOL_VERSION}`,
    { hint: 'Daemon and command line are of different releases: run mcp-watchdog restart' },
  );
}

function near(method: unknown): string {
  const guess = typeof method === 'string' ? suggestSpelling(method, Object.keys(GUARDS)) : null;
  return guess === null ? `Methods: ${Object.keys(GUARDS).join(', ')}` : `Did you mean "${guess}"?`;
}

function isMethod(method: string): method is Method {
  return Object.hasOwn(GUARDS, method);
}

function isRequest(message: { id: number; method: Method; params: unknown }): message is Request {
  return isObject(message.params) && GUARDS[message.method](message.params);
}

function isReply(message: object): message is Reply {
  const { id, error }: { id?: unknown; error?: unknown } = message;
  const hasBody = 'result' in message || 'status' in message || isWireError(error);
  return (typeof id === 'number' || id === null) && hasBody;
}

function isWireError(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { code, message, hint } = value;
  return (
    typeof code === 'string' && typeof message === 'string' && (hint === null || typeof hint === 'string')
  );
}

function parseObject(line: string, depth?: number): Readonly<Record<string, unknown>> | null {
  if (isTooDeep(line, depth)) return null;
  const value = parseJson(line);
  return isObject(value) ? value : null;
}

function show(value: unknown): string {
  return excerpt(JSON.stringify(value) ?? 'nothing');
}

function excerpt(text: string): string {
  return truncate(neutralise(text), 80);
}
