// What the two eras of MCP have in common: contact, greeting, and the words both are made of.
import type { Handshake } from '../core/model/events.ts';
import { RPC_CODES, type JsonObject, type RpcResponse, type RpcError } from '../core/base/json-rpc.ts';
import { isObject } from '../core/base/guards.ts';
import { quote, type CallFailure, type CallOutcome } from './call.ts';
import type { Deadline } from './deadline.ts';

/** What is known once a server has introduced itself. */
export interface PeerInfo {
  readonly handshake: Handshake;
  /** As it declared them: `tools`, `prompts`, `resources`, … */
  readonly capabilities: JsonObject;
}

/** `refused`: it answered, but would not introduce itself. */
export type HandshakeResult =
  | { readonly kind: 'greeted'; readonly contact: PeerInfo }
  | { readonly kind: 'refused'; readonly detail: string; readonly answer: RpcResponse }
  | CallFailure;

export interface McpTransport {
  /** Null until greeted. */
  readonly peer: PeerInfo | null;
  connect(patience: Deadline): Promise<HandshakeResult>;
  call(method: string, params: JsonObject | undefined, signal: AbortSignal): Promise<CallOutcome>;
  close(patience: Deadline): Promise<void>;
}

/** The last version with a handshake, and the first without. */
const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';
const LEGACY_VERSIONS: readonly string[] = [LEGACY, '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** What a client of the legacy era says of itself when it greets. */
export function initializeParams(clientVersion: string, protocolVersion = LEGACY): JsonObject {
  return { protocolVersion, capabilities: {}, clientInfo: { name: 'mcp-watchdog', version: clientVersion } };
}

/** Of a modern request: every one says which version it speaks and who asks. */
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

/** @param result of `initialize`; null when it is not one */
export function legacyPeer(result: JsonObject): PeerInfo | null {
  const { protocolVersion, serverInfo, capabilities } = result;
  if (typeof protocolVersion !== 'string') return null;
  return contactOf({ era: 'legacy', protocolVersion, serverInfo, capabilities });
}

/** @param result of `server/discover`; null when it is not one */
export function modernPeer(result: JsonObject): PeerInfo | null {
  const { supportedVersions, capabilities, _meta } = result;
  if (!Array.isArray(supportedVersions)) return null;
  const serverInfo = isObject(_meta) ? _meta['io.modelcontextprotocol/serverInfo'] : undefined;
  return contactOf({ era: 'modern', protocolVersion: MODERN, serverInfo, capabilities });
}

/** A server of an era to come: it answers, and more than that we cannot ask. */
export function foreignPeer(error: RpcError): PeerInfo {
  const [version] = supportedVersions(error);
  return contactOf({
    era: 'modern',
    protocolVersion: version ?? 'unknown',
    serverInfo: null,
    capabilities: {},
  });
}

interface Introduction {
  readonly era: Handshake['era'];
  readonly protocolVersion: string;
  readonly serverInfo: unknown;
  readonly capabilities: unknown;
}

function contactOf({ era, protocolVersion, serverInfo, capabilities }: Introduction): PeerInfo {
  const { name, version } = isObject(serverInfo) ? serverInfo : {};
  return {
    handshake: {
      era,
      protocolVersion: quote(protocolVersion),
      serverName: typeof name === 'string' ? quote(name) : null,
      serverVersion: typeof version === 'string' ? quote(version) : null,
    },
    capabilities: isObject(capabilities) ? capabilities : {},
  };
}

/** Errors by which a server of the modern era tells that it is one. */
export function isModernError({ code }: RpcError): boolean {
  return (
    code === RPC_CODES.headerMismatch ||
    code === RPC_CODES.missingClientCapability ||
    code === RPC_CODES.unsupportedProtocolVersion
  );
}

/** The newest version with a handshake that the error offers; null when it offers none. */
export function offeredLegacyVersion(error: RpcError): string | null {
  const offered = supportedVersions(error);
  return LEGACY_VERSIONS.find((version) => offered.includes(version)) ?? null;
}

function supportedVersions({ data }: RpcError): readonly string[] {
  const supported = isObject(data) ? data['supported'] : undefined;
  return Array.isArray(supported) ? supported.filter((version) => typeof version === 'string') : [];
}

/** An answer to the greeting with which no contact can begin. */
export function refusal(method: string, answer: RpcResponse): HandshakeResult {
  const said =
    answer.kind === 'error' ? `${answer.error.code} ${answer.error.message}` : 'a result of another kind';
  return { kind: 'refused', detail: quote(`The answer to ${method} was ${said}`), answer };
}
