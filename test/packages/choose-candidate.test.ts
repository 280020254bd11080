import { describe, expect, test } from 'vitest';

import { pickCandidate, listCandidates } from '../../src/packages/choose-candidate.ts';
import type { CandidateQuery } from '../../src/packages/choose-candidate.ts';
import { readFacts, readListing } from '../../src/packages/npm/registry.ts';
import type { VersionFacts } from '../../src/packages/manager/package-manager.ts';
import { npmManager } from '../../src/packages/npm/npm-manager.ts';
import { npmVersions } from '../../src/packages/npm/npm-versions.ts';
import { systemClock } from '../../src/system/time/clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 5, 1);
const RANGES = await npmVersions.ranges();
const NO_MEMORY = { bad: [], pinned: null };

type Changes = Partial<Omit<CandidateQuery, 'listing' | 'versions'>> & {
  versions?: readonly string[];
  /** Age in ms by version, a month for the others; null: not told. */
  ages?: Readonly<Record<string, number | null>>;
  tags?: Readonly<Record<string, string>>;
};

function question({
  versions = ['1.0.0', '1.1.0', '2.0.0'],
  ages = {},
  tags,
  ...changes
}: Changes = {}): CandidateQuery {
  const age = (version: string): number | null => (version in ages ? (ages[version] ?? null) : 30 * DAY);
  const time = versions.flatMap((version) => {
    const own = age(version);
    return own === null ? [] : [[version, new Date(NOW - own).toISOString()]];
  });
  const answer = {
    versions,
    time: Object.fromEntries(time),
    'dist-tags': tags ?? { latest: versions.at(-1) },
  };
  const listing = readListing(answer);
  if (listing === null) throw new Error('No listing');
  return {
    versions: npmVersions,
    ranges: RANGES,
    listing,
    running: '1.0.0',
    wish: 'latest',
    kind: 'tag',
    range: '*',
    minimumAge: 3 * DAY,
    now: NOW,
    memory: NO_MEMORY,
    ...changes,
  };
}

/** By what the versions of these tests need. */
const REFUSALS = new Map<string, string>();
for (const engine of ['>=22', 'yes']) {
  const run = { environment: {}, timeout: 0, signal: new AbortController().signal, clock: systemClock };
  const refusal = await npmManager.runtimeRefuses(engine, { ...run, runtime: 'v20.19.0' });
  if (refusal !== null) REFUSALS.set(engine, refusal);
}

type Described = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

function decide(asked: CandidateQuery, described: Described = {}) {
  const found = listCandidates(asked);
  const facts = new Map<string, VersionFacts>();
  for (const version of found.toDescribe) {
    const read = readFacts({ name: 'p', version, ...described[version] });
    if (read !== null) facts.set(version, read);
  }
  const { latest, candidate, held } = pickCandidate(found, { query: asked, facts, refusals: REFUSALS });
  return { latest, candidate, held: held.map((each) => `${each.version} ${each.reason}: ${each.detail}`) };
}

describe('the version to go to', () => {
  test.each<[string, Changes, string | null]>([
    [
      'is the highest, wherever it stands in the list',
      { versions: ['10.0.0', '1.0.0', '9.0.0'], tags: {} },
      '10.0.0',
    ],
    ['lies in the range of updates', { range: '^1' }, '1.1.0'],
    ['lies in the range that the config asks for', { wish: '~1.0.0', kind: 'range' }, null],
    ['lies in both ranges', { wish: '>=1', kind: 'range', range: '1.x' }, '1.1.0'],
    [
      'is never a prerelease',
      { versions: ['1.0.0', '1.0.1', '2.0.0-rc.1'], tags: { latest: '1.0.1' } },
      '1.0.1',
    ],
    ['is never lower than what runs', { running: '2.0.0' }, null],
    [
      'is not above the tag that the config asks for',
      { wish: 'old', tags: { latest: '2.0.0', old: '1.1.0' } },
      '1.1.0',
    ],
    ['may be as young as itself without a minimum', { minimumAge: 0, ages: { '2.0.0': 0 } }, '2.0.0'],
    ['is old enough to the millisecond', { ages: { '2.0.0': 3 * DAY } }, '2.0.0'],
    ['comes after a prerelease that runs', { running: '1.1.0-rc.1', versions: ['1.0.0', '1.1.0'] }, '1.1.0'],
    ['is none where nothing is installed', { running: null }, null],
  ])('%s', (_, changes, candidate) => {
    expect(decide(question(changes)).candidate).toBe(candidate);
  });

  test('is told apart from the newest that there is', () => {
    expect(decide(question({ range: '^1' }))).toEqual({ latest: '2.0.0', candidate: '1.1.0', held: [] });
    expect(decide(question({ running: null })).latest).toBe('2.0.0');
    expect(decide(question({ versions: ['1.0.0-rc.1'], running: '1.0.0-rc.1' })).latest).toBeNull();
  });

  test('of a range that leaves `latest` out is no step back', () => {
    const asked = question({ wish: '^2', kind: 'range', running: '2.0.0', tags: { latest: '1.1.0' } });
    expect(decide(asked)).toEqual({ latest: '2.0.0', candidate: null, held: [] });
  });
});

describe('a newer version is held, and the next lower one taken, when it', () => {
  const bad = [{ version: '2.0.0', reason: 'it exited with 1', at: NOW }];

  test.each<[string, Changes, Described, string]>([
    [
      'is young',
      { ages: { '2.0.0': 5 * HOUR } },
      {},
      '2.0.0 minimum_age: published 5 h ago; 3 d must have passed',
    ],
    [
      'comes from the future',
      { ages: { '2.0.0': -DAY } },
      {},
      '2.0.0 minimum_age: published in the future; 3 d must',
    ],
    ['has no age', { ages: { '2.0.0': null } }, {}, '2.0.0 minimum_age: the registry does not tell'],
    ['failed before', { memory: { bad, pinned: null } }, {}, '2.0.0 bad: it exited with 1'],
    ['is not what `latest` means', { tags: { latest: '1.1.0' } }, {}, '2.0.0 backwards: `latest` is 1.1.0'],
    ['is deprecated', {}, { '2.0.0': { deprecated: 'use\n\u001b[31m1.1' } }, '2.0.0 deprecated: use 1.1'],
    ['is deprecated silently', {}, { '2.0.0': { deprecated: true } }, '2.0.0 deprecated: without a word'],
    [
      'needs another node',
      {},
      { '2.0.0': { engines: { node: '>=22' } } },
      '2.0.0 engine: it needs node >=22, this is v20.19.0',
    ],
    [
      'needs no node at all',
      {},
      { '2.0.0': { engines: { node: 'yes' } } },
      '2.0.0 engine: it needs node yes',
    ],
  ])('%s', (_, changes, described, held) => {
    const decided = decide(question(changes), described);
    expect(decided.candidate).toBe('1.1.0');
    expect(decided.held).toEqual([expect.stringContaining(held)]);
  });

  test('and so on, the newest first', () => {
    const asked = question({ versions: ['1.0.0', '1.1.0', '1.2.0', '1.3.0'], ages: { '1.3.0': HOUR } });
    const decided = decide(asked, { '1.2.0': { deprecated: 'x' } });
    expect(decided.candidate).toBe('1.1.0');
    expect(decided.held.map((each) => each.split(':')[0])).toEqual(['1.3.0 minimum_age', '1.2.0 deprecated']);
  });

  test('but no deeper than five', () => {
    const versions = Array.from({ length: 9 }, (_, minor) => `1.${minor}.0`);
    const asked = question({ versions });
    expect(listCandidates(asked).toDescribe).toEqual(['1.0.0', '1.8.0', '1.7.0', '1.6.0', '1.5.0', '1.4.0']);
    const all = Object.fromEntries(versions.map((version) => [version, { deprecated: 'x' }]));
    const decided = decide(asked, all);
    expect(decided.candidate).toBeNull();
    expect(decided.held).toHaveLength(5);
  });

  test('and not without end: of 10,000 young ones twenty are told, at once', () => {
    const versions = Array.from({ length: 10_000 }, (_, patch) => `1.0.${patch}`);
    const ages = Object.fromEntries(versions.map((version) => [version, HOUR]));
    const asked = question({ versions, ages });
    const began = performance.now();
    expect(decide(asked)).toMatchObject({ latest: '1.0.9999', candidate: null, held: { length: 20 } });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('nothing is taken, not even a lower version, when the newest', () => {
  const alice = { _npmUser: 'alice <a@x.y>', maintainers: ['alice <a@x.y>', 'bob'] };
  const trusted = { name: 'GitHub Actions', email: 'npm-oidc-no-reply@github.com' };
  const built = { dist: { attestations: { url: 'https://x' } } };

  test.each<[string, Described, string]>([
    [
      'lost the signature of the registry',
      { '1.0.0': { dist: { signatures: [{ sig: 'x' }] } }, '2.0.0': { dist: { signatures: [] } } },
      '2.0.0 attestation: unlike 1.0.0, the registry has not signed it',
    ],
    ['lost its attestation', { '1.0.0': built, '1.1.0': built }, '2.0.0 attestation: unlike 1.0.0'],
    [
      'has a script that the one that runs had not',
      {
        '1.0.0': { scripts: { preinstall: 'x' } },
        '2.0.0': { scripts: { preinstall: 'x', postinstall: 'y' } },
      },
      '2.0.0 install_script: unlike 1.0.0, it runs a script (postinstall)',
    ],
    ['is only said to have a script', { '2.0.0': { hasInstallScript: true } }, '2.0.0 install_script: '],
    [
      'comes from a stranger',
      { '1.0.0': alice, '1.1.0': alice, '2.0.0': { ...alice, _npmUser: { name: 'eve' } } },
      '2.0.0 publisher: published by eve, 1.0.0 by alice',
    ],
    [
      'has other maintainers',
      { '1.0.0': alice, '1.1.0': alice, '2.0.0': { ...alice, maintainers: ['alice', 'eve'] } },
      '2.0.0 publisher: other maintainers than 1.0.0: +eve, -bob',
    ],
    [
      'came by a token, and not from the trusted build as before',
      {
        '1.0.0': { ...alice, _npmUser: { ...trusted, trustedPublisher: { id: 'github' } } },
        '2.0.0': alice,
      },
      '2.0.0 publisher: published by alice; 1.0.0 came from a trusted build',
    ],
    [
      'came by a token, and npm tells of the trusted build only by its mail',
      { '1.0.0': { _npmUser: `${trusted.name} <${trusted.email}>` }, '2.0.0': alice },
      '2.0.0 publisher: published by alice; 1.0.0 came from a trusted build',
    ],
  ])('%s', (_, described, held) => {
    const decided = decide(question(), described);
    expect(decided.candidate).toBeNull();
    expect(decided.held).toEqual([expect.stringContaining(held)]);
  });

  test.each<[string, Described]>([
    ['another maintainer publishes', { '1.0.0': alice, '2.0.0': { ...alice, _npmUser: 'bob' } }],
    [
      'a person hands over to a trusted build',
      { '1.0.0': alice, '2.0.0': { _npmUser: `CI <${trusted.email}>` } },
    ],
    ['nothing is told of one of them', { '1.0.0': alice, '2.0.0': {} }],
    ['a script goes', { '1.0.0': { scripts: { install: 'x' } }, '2.0.0': { scripts: { test: 'x' } } }],
    ['an attestation comes', { '2.0.0': built }],
  ])('but no harm is seen where %s', (_, described) => {
    expect(decide(question(), described)).toMatchObject({ candidate: '2.0.0', held: [] });
  });

  test('is above a `latest` that went back below what runs', () => {
    expect(decide(question({ running: '1.1.0', tags: { latest: '1.0.0' } }))).toMatchObject({
      candidate: null,
      held: [expect.stringMatching(/^1\.0\.0 backwards: `latest` went back to 1\.0\.0: 1\.1\.0, which runs/)],
    });
  });

  test.each<[string, Changes, string]>([
    [
      'an operator chose another',
      { memory: { bad: [], pinned: '1.0.0' } },
      '2.0.0 pinned: an operator chose 1.0.0',
    ],
    [
      'the config names one',
      { wish: '1.0.0', kind: 'exact' },
      '2.0.0 pinned: the config asks for exactly 1.0.0',
    ],
  ])('may be all right, but %s', (_, changes, held) => {
    expect(decide(question(changes))).toEqual({ latest: '2.0.0', candidate: null, held: [held] });
    expect(decide(question({ ...changes, running: '2.0.0' })).held).toEqual([]);
  });
});

describe('a registry that lies', () => {
  test('about a version does not get it installed: what it will not describe is passed over', () => {
    const asked = question();
    const facts = new Map([['1.1.0', readFacts({ version: '1.1.0' })!]]);
    expect(pickCandidate(listCandidates(asked), { query: asked, facts, refusals: REFUSALS }).candidate).toBe(
      '1.1.0',
    );
  });

  test('lists only what is a version, and points only to what is listed', () => {
    const versions = ['1.0.0', 'v1.1.0', '1.2', 'latest', '../../x', '1.3.0+build', 7, null, '1.0.0'];
    const time = { '1.0.0': 'yesterday', '1.1.0': 7, created: '2026-01-01' };
    const listing = readListing({ versions, time, 'dist-tags': { latest: '9.9.9', old: '1.0.0', odd: {} } });
    expect(listing).toEqual({
      versions: ['1.0.0'],
      publishedAt: new Map(),
      tags: new Map([['old', '1.0.0']]),
    });
  });

  test.each([undefined, {}, { versions: [] }, { versions: { a: 1 } }, { versions: 'no' }])(
    'says nothing: %j',
    (said) => {
      expect(readListing(said)).toBeNull();
    },
  );

  test('describes nothing with words of a wrong kind', () => {
    expect(readFacts({})).toBeNull();
    const odd = {
      engines: [1],
      deprecated: { a: 1 },
      dist: 'x',
      scripts: null,
      maintainers: [{}, 3],
      _npmUser: 4,
    };
    expect(readFacts({ version: '1.0.0', ...odd })).toEqual({
      version: '1.0.0',
      engine: null,
      deprecated: null,
      isAttested: false,
      isSigned: false,
      installScripts: [],
      maintainers: [],
      publisher: null,
      isTrusted: false,
    });
  });
});
