// Checks of programs, proxies and certificates.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { network } from '../../../src/doctor/checks/network.ts';
import { programs } from '../../../src/doctor/checks/service.ts';
import { healthy } from '../context.ts';
import { tempHome } from '../../fakes/temp-home.ts';

const FOUND = { server: 's', program: 'tool', path: null, cwd: '/' };

describe('programs', () => {
  test('are told with the file that a service starts', async () => {
    const context = healthy({
      programs: () => [{ ...FOUND, inService: '/bin/tool', inTerminal: '/bin/tool' }],
    });
    expect(await programs.run(context)).toEqual([
      { status: 'ok', message: 's: tool is /bin/tool, also for a service', cure: null },
    ]);
  });

  test('that a service does not find are a warning with its cure', async () => {
    const context = healthy({ programs: () => [{ ...FOUND, inService: null, inTerminal: '/x/tool' }] });
    const [finding] = await programs.run(context);
    expect(finding).toMatchObject({
      status: 'warning',
      message: 's: its program tool is /x/tool here, and a service does not find it',
      cure: expect.stringContaining('mcp-watchdog install adds its folder'),
    });
  });
});

test('a server that cannot start in its folder is a warning with its cure', async () => {
  const context = healthy({
    programs: () => [],
    folderWarnings: () => ['s: its folder /x does not exist; create it'],
  });
  expect(await programs.run(context)).toEqual([
    { status: 'warning', message: 's: its folder /x does not exist', cure: 'create it' },
  ]);
});

describe('network', () => {
  test('says nothing where nothing is set', async () => {
    expect(await network.run(healthy())).toEqual([]);
  });

  test('names the proxy without its password', async () => {
    const env = { HTTPS_PROXY: 'http://me:secret@proxy.corp:3128' };
    expect(await network.run(healthy({ env }))).toEqual([
      { status: 'ok', message: 'requests to https:// go through http://proxy.corp:3128', cure: null },
    ]);
  });

  test.each([
    [{ HTTP_PROXY: 'gopher://p' }, 'HTTP_PROXY names no proxy'],
    [{ SSL_CERT_FILE: '/none.pem' }, 'SSL_CERT_FILE names /none.pem, which holds no certificate'],
  ])('%j is a warning', async (env, words) => {
    expect(await network.run(healthy({ env }))).toEqual([
      expect.objectContaining({ status: 'warning', message: expect.stringContaining(words) }),
    ]);
  });

  test('counts the certificates of a file', async () => {
    const file = join(tempHome().home, 'ca.pem');
    const one = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    writeFileSync(file, one + one);
    expect(await network.run(healthy({ env: { NODE_EXTRA_CA_CERTS: file } }))).toEqual([
      { status: 'ok', message: 'NODE_EXTRA_CA_CERTS adds 2 certificates', cure: null },
    ]);
  });

  test('tells what the service lacks', async () => {
    expect(await network.run(healthy({ notInService: () => ['HTTPS_PROXY'] }))).toEqual([
      {
        status: 'warning',
        message: 'the service does not have HTTPS_PROXY of this shell',
        cure: 'mcp-watchdog install',
      },
    ]);
  });
});
