// Access to the gateway over TCP: the token if one is set, else only programs of the daemon's own user.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RPC_CODES } from '../core/base/json-rpc.ts';
import { connectionOwners } from '../system/net/connection-owner.ts';
import { isLinux } from '../system/platform.ts';
import type { HttpRefusal, RefusalReason } from './responses.ts';

/** Null for a request that may go on. */
export type AccessRule = (
  request: IncomingMessage,
) => { readonly refusal: HttpRefusal; readonly reason: RefusalReason } | null;

export interface Access {
  readonly rule: AccessRule;
  /** Notes a new connection: whose it is is looked up together with the next one that asks. */
  readonly accepted: (socket: Socket) => void;
}

export interface AccessOptions {
  /** Asked for each request: a reload changes it. Null when none is set. */
  readonly token: () => string | null;
  /** Uids at the other ends of connections; null for one that is not known. */
  readonly ownersOf?: (sockets: readonly Socket[]) => readonly (number | null)[];
}

/** Systems without a table of connections and their users cannot be asked; docs/gateway.md says so. */
const CAN_ASK = isLinux;
/** Connections that are looked up together at most. */
const MOST_TOGETHER = 64;

export function createAccess({ token, ownersOf = connectionOwners }: AccessOptions): Access {
  /** Answers by connection: one look-up each. */
  const owners = new WeakMap<Socket, boolean>();
  /** Connections that nobody has looked up: clients open several at a time, and each reading of the table is dear. */
  const fresh = new Set<Socket>();

  function isOwnUser(socket: Socket): boolean {
    if (!CAN_ASK) return true;
    const known = owners.get(socket);
    if (known !== undefined) return known;
    fresh.add(socket);
    const sockets = [...fresh];
    fresh.clear();
    const uids = ownersOf(sockets);
    for (const [index, one] of sockets.entries()) owners.set(one, uids[index] === process.getuid?.());
    return owners.get(socket) === true;
  }

  const rule: AccessRule = ({ headers, socket }) => {
    const expected = token();
    if (expected === null) return isOwnUser(socket) ? null : { refusal: OTHER_USER, reason: 'user' };
    return isToken(headers.authorization, expected) ? null : { refusal: NO_TOKEN, reason: 'token' };
  };
  return {
    rule,
    accepted(socket) {
      if (!CAN_ASK || fresh.size >= MOST_TOGETHER) return;
      fresh.add(socket);
      socket.once('close', () => fresh.delete(socket));
    },
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
