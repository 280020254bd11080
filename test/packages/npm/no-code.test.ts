// No code of a package runs while it is installed: git dependencies that try, sources that no registry vouches for, false labels.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { refuseProcesses } from '../../../src/packages/npm/refuse-processes.ts';
import { createHome, packageSpec } from '../../fakes/install-home.ts';
import type { Home } from '../../fakes/install-home.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { startRegistry } from '../../fakes/static-registry.ts';
import type { StaticRegistry } from '../../fakes/static-registry.ts';

const BIN = { bin: 'index.js' };
let root: string;
let trace: string;
let registry: StaticRegistry;
let home: Home;

const hasGit = requireProgram('git');

/** Makes a repository whose settings and scripts run code as soon as npm prepares it. */
function hostileRepository(folder: string): string {
  mkdirSync(folder);
  const leave = `touch ${trace}`;
  writeFileSync(join(folder, '.npmrc'), 'git=./evil.sh\n');
  writeFileSync(join(folder, 'evil.sh'), `#!/bin/sh\n${leave}\nexec git "$@"\n`);
  chmodSync(join(folder, 'evil.sh'), 0o755);
  const scripts = { prepare: leave, preinstall: leave, install: leave, postinstall: leave };
  const devDependencies = { other: `git+file://${folder}` };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'evil', version: '1.0.0', scripts, devDependencies }),
  );
  const git = (...args: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args], {
      cwd: folder,
    });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
  return folder;
}

beforeAll(async () => {
  if (!hasGit) return;
  root = mkdtempSync(join(tmpdir(), 'no-code-'));
  trace = join(root, 'ran');
  const repository = hostileRepository(join(root, 'evil'));
  writeFileSync(join(root, 'tree.tgz'), '');
  const needs = (name: string, spec: string, more: object = {}) => ({
    name,
    version: '1.0.0',
    manifest: { ...BIN, dependencies: { evil: spec }, ...more },
  });
  registry = await startRegistry([
    needs('from-git', `git+file://${repository}`),
    needs('from-file', `file:${repository}`),
    { name: 'deeper', version: '1.0.0', manifest: { ...BIN, dependencies: { 'from-git': '1' } } },
    needs('from-alias', 'npm:part@1'),
    needs('maybe-git', '1', { dependencies: {}, optionalDependencies: { evil: `git+file://${repository}` } }),
    { name: 'part', version: '1.0.0' },
    { name: 'relabelled', version: '9.9.9', manifest: BIN },
    { name: 'needs-relabelled', version: '1.0.0', manifest: { ...BIN, dependencies: { relabelled: '1' } } },
  ]);
  const far = `${registry.url}part/-/part-1.0.0.tgz`;
  await registry.publish({
    ...needs('from-address', far),
    manifest: { ...BIN, dependencies: { part: far } },
  });
  registry.relabel('relabelled', '9.9.9', '1.0.0');
});
afterAll(async () => {
  if (!hasGit) return;
  await registry.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  home = createHome(registry.url);
});
afterEach(() => {
  home.remove();
  rmSync(trace, { force: true });
});

test.skipIf(!hasGit).each([
  ['git', 'from-git', {}],
  ['git, further down', 'deeper', {}],
  ['git, with scripts allowed', 'from-git', { allowScripts: true }],
  ['a file', 'from-file', {}],
  ['an address', 'from-address', {}],
])('a dependency from %s is refused, and nothing runs', async (_where, name, change) => {
  const refused = await home.prepare(packageSpec(`${name}@1.0.0`, change));
  expect(refused).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED', retry: 'never' } });
  expect(refused).toHaveProperty('failure.message', expect.stringContaining('no registry vouches for'));
  expect(refused).toHaveProperty('failure.hint', expect.stringContaining('update: {allowGit: true}'));
  expect(home.versions()).toEqual([]);
  expect(existsSync(trace)).toBe(false);
});

test.skipIf(!hasGit)(
  'an alias of a package in the registry, and a git dependency that is optional, do no harm',
  async () => {
    expect(await home.prepare(packageSpec('from-alias@1.0.0'))).toMatchObject({ ok: true });
    expect(await home.prepare(packageSpec('maybe-git@1.0.0', { name: 'other' }))).toMatchObject({ ok: true });
    expect(existsSync(trace)).toBe(false);
  },
);

test.skipIf(!hasGit)('the config of one server may allow it', async () => {
  const spec = packageSpec('from-git@1.0.0', { allowGit: true });
  expect(await home.prepare(spec)).toMatchObject({ ok: true, version: '1.0.0' });
});

test.skipIf(!hasGit).each(['relabelled', 'needs-relabelled'])(
  '%s: a tarball that says another version is refused',
  async (name) => {
    const refused = await home.prepare(packageSpec(`${name}@1.0.0`));
    expect(refused).toMatchObject({ ok: false, failure: { code: 'INSTALL_FAILED' } });
    expect(refused).toHaveProperty(
      'failure.message',
      expect.stringContaining('relabelled@1.0.0 says that it is relabelled@9.9.9'),
    );
    expect(home.versions()).toEqual([]);
  },
);

test.skipIf(!hasGit).each([
  ['nothing', 'spawnSync("true", [])', true],
  ['nothing', 'execFileSync("git", ["--version"])', true],
  ['scripts', 'spawnSync("sh", ["-c", "true"])', false],
  ['scripts', 'spawnSync("/usr/bin/git", ["clone"])', true],
  ['scripts', 'spawn(process.execPath, ["/usr/lib/npm/bin/npm-cli.js", "install"])', true],
] as const)('the guard for %s meets %s', (mode, call, isRefused) => {
  const guard = `data:text/javascript,${encodeURIComponent(refuseProcesses(mode))}`;
  const script = `try { require('child_process').${call}; console.log('ran'); } catch ({ code }) { console.log(code); }`;
  const said = execFileSync(process.execPath, ['--import', guard, '-e', script], { encoding: 'utf8' });
  expect(said.trim()).toBe(isRefused ? 'EALLOWGIT' : 'ran');
});
