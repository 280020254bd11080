// Session ids that hold what a session means and are signed, so that any later daemon of this home knows them without memory.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { CLIENT_CAPABILITIES, type SessionFacts } from '../core/gateway/model.ts';
import { LEGACY_VERSIONS } from '../core/gateway/translate.ts';

/** What an id is good for: another server, or another program of the same name, does not take it. */
interface SessionScope {
  readonly name: string;
  readonly generation: number;
}

/** Days for which an id can be brought back; one that is in use stays good. */
export const SESSION_DAYS = 30;

export interface SessionIds {
  readonly create: (scope: SessionScope, facts: SessionFacts) => string;
  /** Null for what was not signed with this key for this scope, is too old, or is spelled in another way. */
  readonly read: (scope: SessionScope, id: string) => SessionFacts | null;
}

// Version of the layout, protocol version, capabilities as bits, day of issue (two bytes), nonce.
const LAYOUT = 1;
const NONCE = 15;
const BODY = 5 + NONCE;
const MAC = 16;
const ID_LENGTH = ((BODY + MAC) * 4) / 3;
const DAY = 86_400_000;

/** Position is what ids hold: append only. */
const VERSION_NUMBERS: readonly string[] = LEGACY_VERSIONS.toReversed();

/** @param now ms since the epoch */
export function createSessionIds(key: Buffer, now: () => number): SessionIds {
  function sign({ name, generation }: SessionScope, body: Buffer): Buffer {
    return createHmac('sha256', key)
      .update(`${generation}\n${name}\n`)
      .update(body)
      .digest()
      .subarray(0, MAC);
  }

  return {
    create(scope, { version, capabilities }) {
      const bits = CLIENT_CAPABILITIES.map((name, bit) => (capabilities.includes(name) ? 1 << bit : 0));
      const head = [LAYOUT, VERSION_NUMBERS.indexOf(version), bits.reduce((sum, bit) => sum | bit, 0)];
      const body = Buffer.from([...head, 0, 0, ...randomBytes(NONCE)]);
      body.writeUInt16BE(Math.floor(now() / DAY), 3);
      return Buffer.concat([body, sign(scope, body)]).toString('base64url');
    },
    read(scope, id) {
      const bytes = bytesOf(id);
      if (bytes === null) return null;
      const body = bytes.subarray(0, BODY);
      if (!timingSafeEqual(bytes.subarray(BODY), sign(scope, body))) return null;
      const version = VERSION_NUMBERS[body.readUInt8(1)];
      const age = Math.floor(now() / DAY) - dayOf(body);
      if (body.readUInt8(0) !== LAYOUT || version === undefined || age > SESSION_DAYS) return null;
      const bits = body.readUInt8(2);
      return { version, capabilities: CLIENT_CAPABILITIES.filter((_, bit) => (bits & (1 << bit)) !== 0) };
    },
  };
}

/** Returns the day of issue that a genuine id holds, in days since the epoch. */
export function dayOfIssue(id: string): number {
  const bytes = bytesOf(id);
  return bytes === null ? 0 : dayOf(bytes);
}

function dayOf(body: Buffer): number {
  return body.readUInt16BE(3);
}

/** Null for anything but the one spelling that `create` gives: Node decodes many others to the same bytes. */
function bytesOf(id: string): Buffer | null {
  if (id.length !== ID_LENGTH) return null;
  const bytes = Buffer.from(id, 'base64url');
  return bytes.length === BODY + MAC && bytes.toString('base64url') === id ? bytes : null;
}
