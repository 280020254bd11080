// Translation between the two protocol eras: requests, results and introductions. Texts are edited in place.
import { READS } from './methods.ts';
import { isObject } from '../base/guards.ts';
import type { JsonObject } from '../base/json-rpc.ts';
import { metaOf, paramsOf } from './messages.ts';
import type { Era, Introduction, RequestId } from './model.ts';
import { applyEdits, idOfRequest, insertInto, membersOf, onOneLine, replaceOnly } from './splice.ts';

export const MODERN_VERSION = '2026-07-28';
/** Newest first. */
export const LEGACY_VERSIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
  '2024-10-07',
] as const;
export const VERSIONS: readonly string[] = [MODERN_VERSION, ...LEGACY_VERSIONS];

const META_PREFIX = 'io.modelcontextprotocol/';
export const META = {
  version: `${META_PREFIX}protocolVersion`,
  capabilities: `${META_PREFIX}clientCapabilities`,
  client: `${META_PREFIX}clientInfo`,
  level: `${META_PREFIX}logLevel`,
  subscription: `${META_PREFIX}subscriptionId`,
  server: `${META_PREFIX}serverInfo`,
} as const;

/** All methods of the modern era. */
const MODERN_METHODS: ReadonlySet<string> = new Set([
  'server/discover',
  'subscriptions/listen',
  'tools/call',
  ...READS,
]);

/** Those whose results say for how long they are good. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** Whether clients of this era may ask for the method. Tasks are of neither: they would end with the process. */
export function isMethodOf(era: Era, method: string): boolean {
  if (era === 'modern') return MODERN_METHODS.has(method);
  return method !== 'server/discover' && method !== 'subscriptions/listen' && !method.startsWith('tasks/');
}

/** Returns the version to agree on: the one asked for if it is known, else the newest with a handshake. */
export function agreedVersion(asked: unknown): string {
  return LEGACY_VERSIONS.find((version) => version === asked) ?? LEGACY_VERSIONS[0];
}

/** Severities of log messages, lowest first; −1 for anything else. */
export function severityOf(level: unknown): number {
  return typeof level === 'string' ? LEVELS.indexOf(level) : -1;
}

export function levelOf(severity: number): string | null {
  // Of most sessions it is −1, and an array looks for a name like that in all its prototypes.
  return severity < 0 ? null : (LEVELS[severity] ?? null);
}

const LEVELS: readonly string[] = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
];

export interface RequestEdit {
  /** Our id, which is the progress token too. */
  readonly key: string;
  /** What the server speaks. */
  readonly to: Era;
  readonly from: Era;
  readonly hasToken: boolean;
  /** Log level of a legacy session, told to a modern server with each request; null for none. */
  readonly level: string | null;
}

/** Rewrites a client's request for its server: id, progress token, and what only one era knows. One line. */
export function requestFor(message: JsonObject, text: string, edit: RequestEdit): string {
  const { key } = edit;
  const own = metaOf(message);
  const meta = metaFor(own, edit);
  const isSame = meta === own;
  const usual = isSame ? idOfRequest(text) : null;
  // Ids of ours need no escapes.
  if (usual !== null) return onOneLine(`${text.slice(0, usual.start)}"${key}"${text.slice(usual.end)}`);
  const top = membersOf(text);
  const id = top?.get('id');
  if (top === null || id === undefined) return rebuilt(message, key, isSame ? null : meta);
  const edits = [{ ...id, text: JSON.stringify(key) }];
  if (!isSame) {
    const params = top.get('params');
    if (params === undefined || !isObject(message['params'])) return rebuilt(message, key, meta);
    const inner = membersOf(text, params.start);
    if (inner === null) return rebuilt(message, key, meta);
    const place = inner.get('_meta');
    if (place === undefined) edits.push(insertInto(text, params.start, { _meta: meta }));
    else edits.push({ ...place, text: JSON.stringify(meta) });
  }
  return onOneLine(applyEdits(text, edits));
}

function rebuilt(message: JsonObject, id: string, meta: JsonObject | null): string {
  if (meta === null) return JSON.stringify({ ...message, id });
  return JSON.stringify({ ...message, id, params: { ...paramsOf(message), _meta: meta } });
}

/** The same object when nothing is to be changed. */
function metaFor(meta: JsonObject, { key, to, from, hasToken, level }: RequestEdit): JsonObject {
  const token = hasToken ? { progressToken: key } : {};
  if (to === from) return hasToken ? { ...meta, ...token } : meta;
  if (to === 'modern') {
    const envelope = { [META.version]: MODERN_VERSION, [META.capabilities]: {} };
    return { ...envelope, ...(level !== null && { [META.level]: level }), ...meta, ...token };
  }
  const rest = Object.entries(meta).filter(([name]) => !name.startsWith(META_PREFIX));
  return { ...Object.fromEntries(rest), ...token };
}

export interface ResponseEdit {
  readonly key: string;
  readonly id: RequestId;
  /** Method of the request. */
  readonly method: string;
  /** What the server speaks, and what the client does. */
  readonly from: Era;
  readonly to: Era;
}

/** Rewrites a server's response for the client that asked: the id, and what a modern client expects in a result. */
export function responseFor(message: JsonObject, text: string, edit: ResponseEdit): string {
  const { key, id, method, from, to } = edit;
  const { result } = message;
  const withId = replaceOnly(text, 'id', key, JSON.stringify(id)) ?? JSON.stringify({ ...message, id });
  if (from === to || to === 'legacy' || !isObject(result)) return withId;
  const hints = Object.entries(hintsOf(method)).filter(([name]) => !Object.hasOwn(result, name));
  if (hints.length === 0) return withId;
  const span = membersOf(withId)?.get('result');
  if (span === undefined) return JSON.stringify({ ...message, id, result: modernResult(method, result) });
  return applyEdits(withId, [insertInto(withId, span.start, Object.fromEntries(hints))]);
}

/** Adds to a result what the modern era requires of it. */
export function modernResult(method: string, result: JsonObject): JsonObject {
  return { ...hintsOf(method), ...result };
}

// Not to be cached: a server of the legacy era never said for how long its lists are good.
function hintsOf(method: string): JsonObject {
  return CACHEABLE.has(method)
    ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
    : { resultType: 'complete' };
}

/** Reads the result of `initialize` or `server/discover`. */
export function introductionOf(result: JsonObject, era: Era): Introduction {
  const { capabilities, serverInfo, instructions, _meta } = result;
  const info = era === 'modern' && isObject(_meta) ? _meta[META.server] : serverInfo;
  return {
    era,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: info ?? null,
    instructions: typeof instructions === 'string' ? instructions : null,
  };
}

/**
 * Returns the capabilities that clients are told. Lists may change with a restart, which we notice, so `listChanged` is ours
 * to promise; tasks would end with the process.
 */
export function offeredCapabilities({ capabilities }: Introduction): JsonObject {
  return Object.fromEntries(
    Object.entries(capabilities)
      .filter(([name]) => name !== 'tasks')
      .map(([name, value]) => [
        name,
        LISTED.has(name) && isObject(value) ? { ...value, listChanged: true } : value,
      ]),
  );
}

const LISTED: ReadonlySet<string> = new Set(['tools', 'prompts', 'resources']);

/** Makes the result of `initialize`. */
export function initializeResult(introduction: Introduction, asked: unknown): JsonObject {
  const { serverInfo, instructions } = introduction;
  return {
    protocolVersion: agreedVersion(asked),
    capabilities: offeredCapabilities(introduction),
    serverInfo: serverInfo ?? UNNAMED,
    ...(instructions !== null && { instructions }),
  };
}

const UNNAMED = { name: 'unknown', version: 'unknown' };

/** Makes the result of `server/discover`. */
export function discoverResult(introduction: Introduction): JsonObject {
  const { logging: _, ...capabilities } = offeredCapabilities(introduction);
  const { serverInfo, instructions } = introduction;
  return modernResult('server/discover', {
    supportedVersions: VERSIONS,
    capabilities,
    _meta: { [META.server]: serverInfo ?? UNNAMED },
    ...(instructions !== null && { instructions }),
  });
}
