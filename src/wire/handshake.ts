// MCP handshake of both protocol eras: the parameters we send, and what a server's answer tells about it.
import type { Handshake } from '../core/model/observations.ts';
import { RPC_CODES, type JsonObject, type RpcResponse, type RpcError } from '../core/base/json-rpc.ts';
import { isObject } from '../core/base/guards.ts';
import { quote, type CallFailure } from './call.ts';

/** What a server told about itself in the handshake. */
export interface PeerInfo {
  readonly handshake: Handshake;
  /** As it declared them: `tools`, `prompts`, `resources`, … */
  readonly capabilities: JsonObject;
}

/** `refused`: it answered, but not with a handshake. */
export type HandshakeResult =
  | { readonly kind: 'connected'; readonly peer: PeerInfo }
  | { readonly kind: 'refused'; readonly detail: string; readonly response: RpcResponse }
  | CallFailure;

/** The last version with a handshake, and the first without. */
const LEGACY = '2025-11-25';
export const MODERN = '2026-07-28';
const LEGACY_VERSIONS: readonly string[] = [LEGACY, '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** Builds the parameters of `initialize`, the handshake of the legacy era. */
export function initializeParams(clientVersion: string, protocolVersion = LEGACY): JsonObject {
  return { protocolVersion, capabilities: {}, clientInfo: { name: 'mcp-watchdog', version: clientVersion } };
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
  return peerInfo({ era: 'legacy', protocolVersion, serverInfo, capabilities });
}

/** Reads the result of `server/discover`; null when it is not one. */
export function modernPeer(result: JsonObject): PeerInfo | null {
  const { supportedVersions, capabilities, _meta } = result;
  if (!Array.isArray(supportedVersions)) return null;
  const serverInfo = isObject(_meta) ? _meta['io.modelcontextprotocol/serverInfo'] : undefined;
  return peerInfo({ era: 'modern', protocolVersion: MODERN, serverInfo, capabilities });
}

/** Describes a server of a later era: it answers, and nothing more can be asked of it. */
export function foreignPeer(error: RpcError): PeerInfo {
  const [version] = supportedVersions(error);
  return peerInfo({
    era: 'modern',
    protocolVersion: version ?? 'unknown',
    serverInfo: null,
    capabilities: {},
  });
}

interface PeerFields {
  readonly era: Handshake['era'];
  readonly protocolVersion: string;
  readonly serverInfo: unknown;
  readonly capabilities: unknown;
}

function peerInfo({ era, protocolVersion, serverInfo, capabilities }: PeerFields): PeerInfo {
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

/** Makes the result of a handshake that was answered with an error, or with something else than a handshake. */
export function refusal(method: string, response: RpcResponse): HandshakeResult {
  const said =
    response.kind === 'error'
      ? `${response.error.code} ${response.error.message}`
      : 'a result of another kind';
  return { kind: 'refused', detail: quote(`The answer to ${method} was ${said}`), response };
}
