// Session ids, the key that signs them, and what is on disk about sessions.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENT_CAPABILITIES, type SessionFacts } from '../../src/core/gateway/model.ts';
import { LEGACY_VERSIONS } from '../../src/core/gateway/translate.ts';
import { openDeletedSessions } from '../../src/gateway/deleted-sessions.ts';
import { openGenerations } from '../../src/gateway/generations.ts';
import { createSessionIds, dayOfIssue } from '../../src/gateway/session-id.ts';
import { loadSessionKey } from '../../src/gateway/session-key.ts';
import { tempHome } from '../fakes/temp-home.ts';

const DAY = 86_400_000;
const START = Date.UTC(2026, 10, 29);
const SCOPE = { name: 'files', generation: 1 };
const FACTS: SessionFacts = { version: '2025-11-25', capabilities: [] };

function idsAt(now = START, key = Buffer.alloc(32, 1)) {
  const clock = { now };
  return { clock, ...createSessionIds(key, () => clock.now) };
}

describe('a session id', () => {
  test.each(LEGACY_VERSIONS)('holds version %s and every set of capabilities', (version) => {
    const { create, read } = idsAt();
    for (let bits = 0; bits < 8; bits += 1) {
      const capabilities = CLIENT_CAPABILITIES.filter((_, bit) => (bits & (1 << bit)) !== 0);
      const id = create(SCOPE, { version, capabilities });
      expect(id).toMatch(/^[\w-]{48}$/u);
      expect(read(SCOPE, id)).toEqual({ version, capabilities });
    }
  });

  test('is never the same twice', () => {
    const { create } = idsAt();
    expect(new Set(Array.from({ length: 100 }, () => create(SCOPE, FACTS))).size).toBe(100);
  });

  test('is known to a later daemon with the same key, and to no other', () => {
    const id = idsAt().create(SCOPE, FACTS);
    expect(idsAt().read(SCOPE, id)).toEqual(FACTS);
    expect(idsAt(START, randomBytes(32)).read(SCOPE, id)).toBeNull();
  });

  test('is good for one server and one generation', () => {
    const { create, read } = idsAt();
    const id = create(SCOPE, FACTS);
    expect(read({ ...SCOPE, name: 'other' }, id)).toBeNull();
    expect(read({ ...SCOPE, generation: 2 }, id)).toBeNull();
    expect(read({ name: 'iles', generation: 1 }, create({ name: 'files', generation: 1 }, FACTS))).toBeNull();
  });

  test('can be brought back for 30 days, whatever the clock did meanwhile', () => {
    const { create, read, clock } = idsAt();
    const id = create(SCOPE, FACTS);
    expect(dayOfIssue(id)).toBe(START / DAY);
    clock.now = START - 3 * DAY;
    expect(read(SCOPE, id)).toEqual(FACTS);
    clock.now = START + 30 * DAY;
    expect(read(SCOPE, id)).toEqual(FACTS);
    clock.now = START + 31 * DAY;
    expect(read(SCOPE, id)).toBeNull();
  });

  test('has one spelling, and each changed character makes it a forgery', () => {
    const { create, read } = idsAt();
    const id = create(SCOPE, FACTS);
    const others = [
      `${id}=`,
      `${id}==`,
      `${id}.x`,
      `${id}A`,
      id.slice(0, -1),
      id.slice(0, -4),
      ` ${id}`,
      `${id}\n`,
      '',
      '='.repeat(48),
      '-'.repeat(48),
      'é'.repeat(48),
    ];
    for (const other of others) expect(read(SCOPE, other)).toBeNull();
    for (let index = 0; index < id.length; index += 1) {
      const changed = id.slice(0, index) + (id[index] === 'A' ? 'B' : 'A') + id.slice(index + 1);
      expect(read(SCOPE, changed)).toBeNull();
    }
    const standard = Buffer.from(id, 'base64url').toString('base64');
    expect(read(SCOPE, standard)).toEqual(standard === id ? FACTS : null);
  });
});

describe('the key', () => {
  test('is made once, for its owner only, and read again', () => {
    const path = join(tempHome().run, 'gateway.key');
    const made = loadSessionKey(path);
    expect([made.loss, made.unsaved, made.key.length]).toEqual(['missing', null, 32]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadSessionKey(path)).toEqual({ key: made.key, loss: null, unsaved: null });
  });

  test.each([
    ['damaged', (path: string) => writeFileSync(path, 'short', { mode: 0o600 })],
    ['damaged', (path: string) => writeFileSync(path, '', { mode: 0o600 })],
    ['readable-by-others', (path: string) => chmodSync(path, 0o644)],
    ['missing', (path: string) => rmSync(path)],
  ])('that is %s is another one', (loss, spoil) => {
    const path = join(tempHome().run, 'gateway.key');
    const { key } = loadSessionKey(path);
    spoil(path);
    const other = loadSessionKey(path);
    expect(other.loss).toBe(loss);
    expect(other.key).not.toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadSessionKey(path).key).toEqual(other.key);
  });

  test('that cannot be written holds in memory, and says why', () => {
    const { key, unsaved } = loadSessionKey(join(tempHome().run, 'missing', 'gateway.key'));
    expect([key.length, unsaved?.message]).toEqual([32, expect.stringContaining('ENOENT')]);
  });
});

describe('deleted sessions', () => {
  test('stay deleted for a later daemon, for as long as their ids are good', () => {
    const path = join(tempHome().run, 'deleted');
    const { create, clock } = idsAt();
    const now = (): number => clock.now;
    const [one, two] = [create(SCOPE, FACTS), create(SCOPE, FACTS)];
    openDeletedSessions(path, now).add(one);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain(one);
    const later = openDeletedSessions(path, now);
    expect([later.has(one), later.has(two)]).toEqual([true, false]);
    clock.now = START + 30 * DAY;
    expect(openDeletedSessions(path, now).has(one)).toBe(true);
    clock.now = START + 31 * DAY;
    expect(openDeletedSessions(path, now).has(one)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('survive a line that a crash cut off', () => {
    const path = join(tempHome().run, 'deleted');
    const { create } = idsAt();
    const now = (): number => START;
    const [one, two] = [create(SCOPE, FACTS), create(SCOPE, FACTS)];
    openDeletedSessions(path, now).add(one);
    appendFileSync(path, '20786 abc');
    openDeletedSessions(path, now).add(two);
    const last = openDeletedSessions(path, now);
    expect([last.has(one), last.has(two)]).toEqual([true, true]);
  });

  test('are bounded: the oldest go first', () => {
    const path = join(tempHome().run, 'deleted');
    const { create } = idsAt();
    const deleted = openDeletedSessions(path, () => START);
    const first = create(SCOPE, FACTS);
    deleted.add(first);
    let last = first;
    for (let count = 0; count < 21_500; count += 1) {
      last = create(SCOPE, FACTS);
      deleted.add(last);
    }
    expect([deleted.has(first), deleted.has(last)]).toEqual([false, true]);
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(21_010);
  });

  test('are known for now where they cannot be written', () => {
    const folder = join(tempHome().run, 'later');
    const deleted = openDeletedSessions(join(folder, 'deleted'), () => START);
    const session = idsAt().create(SCOPE, FACTS);
    expect(() => deleted.add(session)).toThrow('ENOENT');
    expect(deleted.has(session)).toBe(true);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('the generation of a server', () => {
  const fail = (error: unknown): void => {
    throw error;
  };

  test('grows when its name means another program, also after a removal', () => {
    const path = join(tempHome().run, 'generations');
    const generations = openGenerations(path, fail);
    expect([
      generations.of('a', 'npx a'),
      generations.of('a', 'npx a'),
      generations.of('b', 'npx a'),
    ]).toEqual([1, 1, 1]);
    expect(generations.of('a', 'npx c')).toBe(2);
    expect(openGenerations(path, fail).of('a', 'npx c')).toBe(2);
    openGenerations(path, fail).retire('a');
    expect(openGenerations(path, fail).of('a', 'npx c')).toBe(3);
  });

  test('knows nothing of a name like __proto__, and nothing after the file was lost', () => {
    const path = join(tempHome().run, 'generations');
    const generations = openGenerations(path, fail);
    expect([generations.of('__proto__', 'x'), generations.of('constructor', 'x')]).toEqual([1, 1]);
    writeFileSync(path, '{"a":{"generation":"x"},"b":7}');
    expect(openGenerations(path, fail).of('a', 'x')).toBe(1);
  });

  test('holds in memory where it cannot be written', () => {
    const faults: unknown[] = [];
    const generations = openGenerations(join(tempHome().run, 'none', 'x'), (error) => faults.push(error));
    expect([generations.of('a', 'x'), generations.of('a', 'x'), generations.of('a', 'y')]).toEqual([1, 1, 2]);
    expect(faults).toHaveLength(2);
  });
});
