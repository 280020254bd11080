import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { findNpm, npmEnvironment } from '../../../src/packages/npm/npm-command.ts';

const CLI = 'lib/node_modules/npm/bin/npm-cli.js';
let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'npm-')));
});
afterEach(() => rm(root, { recursive: true }));

async function touch(path: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '');
  return file;
}

describe('findNpm()', () => {
  test('finds one that runs, on this machine', () => {
    const npm = findNpm(process.execPath, process.env['PATH'] ?? '');
    const { stdout } = spawnSync(process.execPath, [npm ?? '', '--version'], { encoding: 'utf8' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('prefers the one that came with the node over the PATH', async () => {
    const own = await touch(`node/${CLI}`);
    await touch(`other/${CLI}`);
    await touch('other/bin/npm');
    expect(findNpm(join(root, 'node/bin/node'), join(root, 'other/bin'))).toBe(own);
  });

  test('follows the link that the PATH leads to', async () => {
    const real = await touch('share/npm/bin/npm-cli.js');
    await mkdir(join(root, 'bin'));
    await symlink('../share/npm/bin/npm-cli.js', join(root, 'bin/npm'));
    expect(findNpm('/nowhere/bin/node', `${join(root, 'empty')}::${join(root, 'bin')}`)).toBe(real);
  });

  test('looks beside a wrapper script that is named npm', async () => {
    await touch('bin/npm');
    const beside = await touch(CLI);
    expect(findNpm('/nowhere/bin/node', join(root, 'bin'))).toBe(beside);
  });

  test('knows when there is none', () => {
    expect(findNpm('/nowhere/bin/node', root)).toBe(null);
  });
});

describe('npmEnvironment()', () => {
  test.each([
    'HOME',
    'PATH',
    'NPM_TOKEN',
    'NODE_EXTRA_CA_CERTS',
    'HTTPS_PROXY',
    'npm_config_registry',
    'NPM_CONFIG_REGISTRY',
    'npm_config_@some:registry',
    'npm_config_//registry.example/:_authToken',
    'npm_config_https_proxy',
    'npm_config_noproxy',
    'npm_config_cafile',
    'npm_config_strict_ssl',
    'npm_config_userconfig',
    'npm_config_globalconfig',
    'npm_config_cache',
    'npm_config_before',
    'npm_config_fetch_retries',
  ])('keeps %s, by which a user reaches a registry', (name) => {
    expect(npmEnvironment({ [name]: 'value' }, false)).toHaveProperty([name], 'value');
  });

  test.each([
    'npm_config_local_prefix',
    'npm_config_prefix',
    'npm_config_global_prefix',
    'npm_config_global',
    'NPM_CONFIG_PREFIX',
    'npm_config_ignore_scripts',
    'npm_config_dry_run',
    'npm_config_workspace',
    'npm_config_yes',
    'npm_config_user_agent',
    'npm_command',
    'npm_execpath',
    'npm_node_execpath',
    'npm_lifecycle_event',
    'npm_lifecycle_script',
    'npm_package_json',
    'npm_package_name',
    'INIT_CWD',
  ])('drops %s, which an outer npm left behind', (name) => {
    expect(npmEnvironment({ [name]: 'value' }, false)).not.toHaveProperty([name]);
  });

  test('gives npm the authority that other programs read from SSL_CERT_FILE', () => {
    const extra = (environment: Record<string, string>) =>
      npmEnvironment(environment, false)['NODE_EXTRA_CA_CERTS'];
    expect(extra({ SSL_CERT_FILE: '/corp.pem' })).toBe('/corp.pem');
    expect(extra({ SSL_CERT_FILE: '/corp.pem', NODE_EXTRA_CA_CERTS: '/mine.pem' })).toBe('/mine.pem');
    expect(extra({})).toBeUndefined();
  });

  test('lets scripts run only where they are allowed', () => {
    const name = 'npm_config_dangerously_allow_all_scripts';
    expect(npmEnvironment({ [name]: 'true' }, false)).not.toHaveProperty([name]);
    expect(npmEnvironment({}, true)).toHaveProperty([name], 'true');
  });
});
