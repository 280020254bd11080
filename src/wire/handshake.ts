// MCP handshake of both protocol eras: its parameters, what a server's answer tells, and the handshake over a pipe.
import type { Handshake } from '../core/model/observations.ts';
import { RPC_CODES, type JsonObject, type RpcResponse, type RpcError } from '../core/base/json-rpc.ts';
import { isObject } from '../core/base/guards.ts';
import { abortedCall, quote, type Call, type CallFailure } from './call.ts';

/** What a server told about itself in the handshake. */
export interface PeerInfo {
  readonly handshake: Handshake;
  /** As it declared them: `tools`, `prompts`, `resources`, … */
  readonly capabilities: JsonObject;
  /** Whole result of `initialize` or `server/discover`, as it came; empty for a server of a later era. */
  readonly result: JsonObject;
}

/** `refused`: it answered, but not with a handshake. */
export type HandshakeResult =
  | { readonly kind: 'connected'; readonly peer: PeerInfo }
  | {
      readonly kind: 'refused';
      readonly detail: string;
      /** The server's own words within `detail`. */
      readonly quote?: string | undefined;
      readonly response: RpcResponse;
    }
  | CallFailure;

/** The last version with a handshake, and the first without. */
const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';
const LEGACY_VERSIONS: readonly string[] = [LEGACY, '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** Builds the parameters of `initialize`, the handshake of the legacy era. */
export function initializeParams(
  clientVersion: string,
  protocolVersion = LEGACY,
  capabilities: readonly string[] = [],
): JsonObject {
  const declared = Object.fromEntries(capabilities.map((name) => [name, {}]));
  return {
    protocolVersion,
    capabilities: declared,
    clientInfo: { name: 'mcp-watchdog', version: clientVersion },
  };
}

/** Adds what every request of the modern era carries: the protocol version and who asks. */
export function modernParams(clientVersion: string, params: JsonObject = {}): JsonObject {
  return {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientInfo': { name: 'mcp-watchdog', version: clientVersion },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  };
}

/** Reads the result of `initialize`; null when it is not one. */
export function legacyPeer(result: JsonObject): PeerInfo | null {
  const { protocolVersion, serverInfo, capabilities } = result;
  if (typeof protocolVersion !== 'string') return null;
  return peerInfo({ era: 'legacy', protocolVersion, serverInfo, capabilities, result });
}

/** Reads the result of `server/discover`; null when it is not one. */
export function modernPeer(result: JsonObject): PeerInfo | null {
  const { supportedVersions, capabilities, _meta } = result;
  if (!Array.isArray(supportedVersions)) return null;
  const serverInfo = isObject(_meta) ? _meta['io.modelcontextprotocol/serverInfo'] : undefined;
  return peerInfo({ era: 'modern', protocolVersion: MODERN, serverInfo, capabilities, result });
}

/** Describes a server of a later era: it answers, and nothing more can be asked of it. */
export function foreignPeer(error: RpcError): PeerInfo {
  const [version] = supportedVersions(error);
  return peerInfo({
    era: 'modern',
    protocolVersion: version ?? 'unknown',
    serverInfo: null,
    capabilities: {},
    result: {},
  });
}

interface PeerFields {
  readonly era: Handshake['era'];
  readonly protocolVersion: string;
  readonly serverInfo: unknown;
  readonly capabilities: unknown;
  readonly result: JsonObject;
}

function peerInfo({ era, protocolVersion, serverInfo, capabilities, result }: PeerFields): PeerInfo {
  const { name, version } = isObject(serverInfo) ? serverInfo : {};
  return {
    handshake: {
      era,
      protocolVersion: quote(protocolVersion),
      serverName: typeof name === 'string' ? quote(name) : null,
      serverVersion: typeof version === 'string' ? quote(version) : null,
    },
    capabilities: isObject(capabilities) ? capabilities : {},
    result,
  };
}

/** Tells whether only a server of the modern era answers with this error. */
export function isModernError({ code }: RpcError): boolean {
  return (
    code === RPC_CODES.headerMismatch ||
    code === RPC_CODES.missingClientCapability ||
    code === RPC_CODES.unsupportedProtocolVersion
  );
}

/** Finds the newest legacy version that the error offers; null when it offers none. */
export function offeredLegacyVersion(error: RpcError): string | null {
  const offered = supportedVersions(error);
  return LEGACY_VERSIONS.find((version) => offered.includes(version)) ?? null;
}

function supportedVersions({ data }: RpcError): readonly string[] {
  const supported = isObject(data) ? data['supported'] : undefined;
  return Array.isArray(supported) ? supported.filter((version) => typeof version === 'string') : [];
}

/** Says what the result of a handshake lacks. */
function anotherKind(method: string, result: JsonObject): string {
  const [key, type] =
    method === 'initialize' ? ['protocolVersion', 'a text'] : ['supportedVersions', 'an array'];
  const value = result[key] === undefined ? 'none' : quote(JSON.stringify(result[key]));
  return `The answer to ${method} was a result of another kind: its ${key}, which has to be ${type}, is ${value}`;
}

/** Makes the result of a handshake that was answered with an error, or with something else than a handshake. */
export function refusal(method: string, response: RpcResponse): HandshakeResult {
  if (response.kind !== 'error')
    return { kind: 'refused', detail: anotherKind(method, response.result), response };
  const { code, message } = response.error;
  const words = quote(message.trim());
  const detail = `The answer to ${method} was ${code}`;
  return words === ''
    ? { kind: 'refused', detail, response }
    : { kind: 'refused', detail: `${detail} ${words}`, quote: words, response };
}

// "Invalid Request: Server already initialized" is the SDK's; the others are of servers that count sessions themselves.
const ONE_SESSION =
  /already (?:been )?(?:initiali[sz]ed|connected|in use)|(?:only|at most) (?:one|1|a single) (?:session|client|connection)|(?:session|client|connection) already (?:exists|active|connected|established)|(?:another|existing) (?:session|client) (?:is|already)/iu;

/** Tells whether the text refuses a handshake because the server takes one session at a time, and has one. */
export function isAboutOneSession(text: string): boolean {
  return ONE_SESSION.test(text);
}

export interface StdioHandshake {
  /** Null until the handshake is done. */
  readonly peer: PeerInfo | null;
  connect(signal: AbortSignal): Promise<HandshakeResult>;
}

export interface StdioHandshakeOptions {
  /** Our own version, told to the server. */
  readonly version: string;
  /** What the server may ask of clients. */
  readonly capabilities: readonly string[];
  readonly request: Call;
  readonly notify: (method: string) => void;
  readonly onSuccess: (peer: PeerInfo) => void;
}

/**
 * Makes the handshake of one process. Its first message settles for good which era the server speaks, with everyone, and
 * a second `initialize` would change what was agreed: so there is one, which nobody can abort, and all wait for it.
 */
export function createStdioHandshake(options: StdioHandshakeOptions): StdioHandshake {
  let peer: PeerInfo | null = null;
  let underWay: Promise<HandshakeResult> | null = null;

  async function run(): Promise<HandshakeResult> {
    try {
      const result = await initialize(options);
      if (result.kind !== 'connected') return result;
      ({ peer } = result);
      options.onSuccess(peer);
      return result;
    } finally {
      underWay = null;
    }
  }

  return {
    get peer() {
      return peer;
    },
    connect(signal) {
      if (peer !== null) return Promise.resolve({ kind: 'connected', peer });
      underWay ??= run();
      return untilAborted(underWay, signal);
    },
  };
}

/** Waits for the handshake until `signal` is aborted; the handshake itself goes on. */
function untilAborted(handshake: Promise<HandshakeResult>, signal: AbortSignal): Promise<HandshakeResult> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(abortedCall(signal, 'initialize'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    void handshake.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
  });
}

// Clients must not cancel `initialize`.
const NEVER = new AbortController().signal;

// `initialize` first: servers of both eras can be shared with clients of the old one only after it, and some of the
// old servers exit on anything else.
async function initialize(options: StdioHandshakeOptions, version?: string): Promise<HandshakeResult> {
  const outcome = await options.request(
    'initialize',
    initializeParams(options.version, version, options.capabilities),
    NEVER,
  );
  if (outcome.kind !== 'response') return outcome;
  const { response } = outcome;
  if (response.kind === 'error') {
    const offered = version === undefined ? offeredLegacyVersion(response.error) : null;
    if (offered !== null) return initialize(options, offered);
    if (!maySpeakModern(response.error)) return refusal('initialize', response);
    const modern = await discover(options);
    // A server of the old era knows no such method: what it said to `initialize` is the reason.
    return isUnknownMethod(modern) ? refusal('initialize', response) : modern;
  }
  const peer = legacyPeer(response.result);
  if (peer === null) return refusal('initialize', response);
  options.notify('notifications/initialized');
  return { kind: 'connected', peer };
}

async function discover({ request, version }: StdioHandshakeOptions): Promise<HandshakeResult> {
  const outcome = await request('server/discover', modernParams(version), NEVER);
  if (outcome.kind !== 'response') return outcome;
  const { response } = outcome;
  const peer = response.kind === 'result' ? modernPeer(response.result) : null;
  return peer === null ? refusal('server/discover', response) : { kind: 'connected', peer };
}

function isUnknownMethod(result: HandshakeResult): boolean {
  const isError = result.kind === 'refused' && result.response.kind === 'error';
  return isError && result.response.error.code === RPC_CODES.methodNotFound;
}

// A server that only fails for the moment is asked again; any other request might make it exit.
function maySpeakModern(error: RpcError): boolean {
  const { methodNotFound, invalidRequest, invalidParams } = RPC_CODES;
  return (
    isModernError(error) ||
    [methodNotFound, invalidRequest, invalidParams].some((code) => code === error.code)
  );
}
