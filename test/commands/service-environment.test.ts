// The environment file of the service: what install writes, what the daemon reads, what stays of it.
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  applyServiceEnvironment,
  missingInService,
  readServiceEnvironment,
  removeServiceEnvironment,
  serviceEnvironmentPath,
  writeServiceEnvironment,
} from '../../src/commands/shared/service-environment.ts';
import { missingHome, tempHome } from '../fakes/temp-home.ts';

const SHELL = {
  HTTPS_PROXY: 'http://me:p"a$s`s\\w@proxy.corp:3128',
  no_proxy: 'localhost,.corp',
  NODE_EXTRA_CA_CERTS: "/etc/corp's/ca.pem",
  HTTP_PROXY: '',
  API_TOKEN: 'secret',
};

describe('the environment file of the service', () => {
  test('holds the proxies and certificates of the shell, for its owner alone', () => {
    const { home } = missingHome();
    expect(writeServiceEnvironment(home, SHELL)).toEqual(['HTTPS_PROXY', 'no_proxy', 'NODE_EXTRA_CA_CERTS']);
    const file = serviceEnvironmentPath(home);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('API_TOKEN');
    const { HTTP_PROXY: _, API_TOKEN: __, ...expected } = SHELL;
    expect(readServiceEnvironment(home)).toEqual(expected);
  });

  test('is written once, and again when a value changes; other lines stay', () => {
    const { home } = tempHome();
    writeServiceEnvironment(home, SHELL);
    expect(writeServiceEnvironment(home, SHELL)).toEqual([]);
    const file = serviceEnvironmentPath(home);
    writeFileSync(file, `${readFileSync(file, 'utf8')}# mine\nexport EXTRA="1"\n`);
    expect(writeServiceEnvironment(home, { HTTPS_PROXY: 'http://other' })).toEqual(['HTTPS_PROXY']);
    expect(readServiceEnvironment(home)).toMatchObject({
      HTTPS_PROXY: 'http://other',
      no_proxy: 'localhost,.corp',
      EXTRA: '1',
    });
    expect(readFileSync(file, 'utf8')).toContain('# mine');
    expect(readFileSync(file, 'utf8').match(/HTTPS_PROXY/gu)).toHaveLength(1);
  });

  test('is not made for a shell without any of them', () => {
    const { home } = tempHome();
    expect(writeServiceEnvironment(home, { PATH: '/bin', HTTPS_PROXY: '' })).toEqual([]);
    expect(existsSync(serviceEnvironmentPath(home))).toBe(false);
    expect(readServiceEnvironment(home)).toEqual({});
  });

  test('gives the daemon what its environment lacks', () => {
    const { home } = tempHome();
    writeServiceEnvironment(home, SHELL);
    const environment: Record<string, string | undefined> = { no_proxy: 'mine' };
    expect(applyServiceEnvironment(home, environment)).toBeNull();
    expect(environment).toMatchObject({ no_proxy: 'mine', HTTPS_PROXY: SHELL.HTTPS_PROXY });
  });

  test('is refused, and said so, when others can write it', () => {
    const { home } = tempHome();
    writeServiceEnvironment(home, SHELL);
    chmodSync(serviceEnvironmentPath(home), 0o666);
    const environment = {};
    expect(applyServiceEnvironment(home, environment)).toContain('chmod');
    expect(environment).toEqual({});
  });

  test('knows what the service lacks of a shell', () => {
    const { home } = tempHome();
    expect(missingInService(home, SHELL)).toEqual(['HTTPS_PROXY', 'no_proxy', 'NODE_EXTRA_CA_CERTS']);
    writeServiceEnvironment(home, SHELL);
    expect(missingInService(home, SHELL)).toEqual([]);
    expect(missingInService(home, { ...SHELL, no_proxy: 'x' })).toEqual(['no_proxy']);
  });

  test('goes with the service, but for the lines of its owner', () => {
    const { home } = tempHome();
    writeServiceEnvironment(home, SHELL);
    removeServiceEnvironment(home);
    expect(existsSync(serviceEnvironmentPath(home))).toBe(false);
    removeServiceEnvironment(home);
    writeServiceEnvironment(home, SHELL);
    writeFileSync(serviceEnvironmentPath(home), 'export EXTRA="1"\n', { flag: 'a' });
    removeServiceEnvironment(home);
    expect(readServiceEnvironment(home)).toEqual({ EXTRA: '1' });
  });
});
