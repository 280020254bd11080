// Basic authentication against bcrypt hashes: computed once, then cached without the password.
import { createHmac, randomBytes } from 'node:crypto';

/** bcrypt hashes by name. */
type Users = Readonly<Record<string, string>>;

/** `busy`: too many are being computed already; it may be right. */
type Verdict = 'right' | 'wrong' | 'busy';

export interface PasswordCheck {
  /** Judges the credentials of a request. @param authorization the header of that name */
  verify(authorization: string | undefined, users: Users): Promise<Verdict>;
}

/** Tells whether bcrypt made `hash` of `password`; takes a tenth of a second of processor time and more. */
export type ComparePassword = (password: string, hash: string) => Promise<boolean>;

/** One is computed at a time; beyond this number of waiting ones, requests are refused. */
const MOST_WAITING = 8;

/** Of each kind: a client has one password, or one wrong one that it tries again and again. */
const MOST_REMEMBERED = 100;

export function createPasswordCheck(compare: ComparePassword): PasswordCheck {
  const remembered = { right: new Set<string>(), wrong: new Set<string>() };
  const underWay = new Map<string, Promise<boolean>>();
  const key = randomBytes(32);
  let last: Promise<unknown> = Promise.resolve();

  /** Makes a cache key: without the secret, which dies with the process, the password cannot be guessed from it. */
  function nameOf(...parts: readonly string[]): string {
    return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64');
  }

  async function compute(name: string, password: string, hash: string): Promise<boolean> {
    const mine = last.then(() => compare(password, hash));
    last = mine.catch(() => {});
    underWay.set(name, mine);
    try {
      return await mine;
    } finally {
      underWay.delete(name);
    }
  }

  return {
    async verify(authorization, users) {
      const given = parseCredentials(authorization);
      if (given === null) return 'wrong';
      const { user, password } = given;
      const own = Object.hasOwn(users, user) ? users[user] : undefined;
      // An unknown name takes as long as a known one: names cannot be found out by timing.
      const hash = own ?? standIn(users);
      const name = nameOf(user, hash, password);
      if (remembered.right.has(name)) return 'right';
      if (remembered.wrong.has(name)) return 'wrong';
      const pending = underWay.get(name);
      if (pending === undefined && underWay.size >= MOST_WAITING) return 'busy';
      const holds = (await (pending ?? compute(name, password, hash))) && own !== undefined;
      remember(remembered[holds ? 'right' : 'wrong'], name);
      return holds ? 'right' : 'wrong';
    },
  };
}

/** Parses `Basic base64(user:password)`; null when it is something else. */
function parseCredentials(header = ''): { user: string; password: string } | null {
  const [, encoded] = /^basic +([\w+/-]+=*)$/i.exec(header) ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return colon === -1 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Makes a hash that matches no password, as costly as those of the users. */
function standIn(users: Users): string {
  const [cost = '10'] = Object.values(users).map((hash) => hash.slice(4, 6));
  return `$2b$${cost}$${'.'.repeat(21)}u${'.'.repeat(31)}`;
}

function remember(names: Set<string>, name: string): void {
  names.add(name);
  const [oldest] = names;
  if (names.size > MOST_REMEMBERED && oldest !== undefined) names.delete(oldest);
}
