// Access to the gateway over TCP: the token if one is set, else only programs of the daemon's own user.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { connectionOwner } from '../system/net/connection-owner.ts';
import { isLinux } from '../system/platform.ts';
import type { HttpRefusal, RefusalReason } from './responses.ts';

/** Null for a request that may go on. */
export type AccessRule = (
  request: IncomingMessage,
) => { readonly refusal: HttpRefusal; readonly reason: RefusalReason } | null;

export interface AccessOptions {
  /** Asked for each request: a reload changes it. Null when none is set. */
  readonly token: () => string | null;
  /** Uid at the other end of a connection; null when it is not known. */
  readonly ownerOf?: (socket: Socket) => number | null;
}

/** Systems without a table of connections and their users cannot be asked; docs/gateway.md says so. */
const CAN_ASK = isLinux;

export function createAccessRule({ token, ownerOf = connectionOwner }: AccessOptions): AccessRule {
  /** Answers by connection: one look-up each. */
  const owners = new WeakMap<Socket, boolean>();

  function isOwnUser(socket: Socket): boolean {
    if (!CAN_ASK) return true;
    const known = owners.get(socket);
    if (known !== undefined) return known;
    const isOwn = ownerOf(socket) === process.getuid?.();
    owners.set(socket, isOwn);
    return isOwn;
  }

  return ({ headers, socket }) => {
    const expected = token();
    if (expected === null) return isOwnUser(socket) ? null : { refusal: OTHER_USER, reason: 'user' };
    return isToken(headers.authorization, expected) ? null : { refusal: NO_TOKEN, reason: 'token' };
  };
}

/** Hashes of both are compared: equally long, whatever was sent. */
function isToken(header: string | undefined, expected: string): boolean {
  const [, given = ''] = /^bearer +([^\s]+) *$/iu.exec(header ?? '') ?? [];
  return timingSafeEqual(digest(given), digest(expected)) && given !== '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

const OTHER_USER: HttpRefusal = {
  status: 403,
  code: RPC_CODES.serverError,
  message:
    'This connection belongs to another user of the machine, or its user is not known: set gateway.tokenFile to let others in',
};
const NO_TOKEN: HttpRefusal = {
  status: 401,
  code: RPC_CODES.serverError,
  message:
    'The token of the gateway is required: Authorization: Bearer TOKEN, see gateway.tokenFile in the config',
  headers: { 'www-authenticate': 'Bearer' },
};
