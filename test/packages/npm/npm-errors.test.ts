import { describe, expect, test } from 'vitest';

import { toFailure } from '../../../src/packages/manager/install-error.ts';
import { readNpmError, explainNpmError } from '../../../src/packages/npm/npm-errors.ts';

const WANTED = { package: '@some/server', spec: '@some/server@^2', folder: '/home/servers/some' };

/** What npm prints with --json: 10.9, 11.19 and 12.2 agree in all that is read here. */
function printed(code: string | number, summary: string, detail = ''): { stdout: string; stderr: string } {
  return { stdout: `${JSON.stringify({ error: { code, summary, detail } }, null, 2)}\n`, stderr: '' };
}

function explained(output: { stdout: string; stderr: string }) {
  const { failure, unreachable } = toFailure(explainNpmError(readNpmError(output), WANTED), WANTED);
  return { ...failure, unreachable };
}

const REGISTRY = 'https://registry.example/';

describe('what npm says becomes one failure', () => {
  test.each([
    [
      'E404',
      `Not Found - GET ${REGISTRY}@some%2fserver - Not found`,
      'UNKNOWN_PACKAGE',
      'the registry knows no package "@some/server"',
    ],
    [
      'E404',
      `Not Found - GET ${REGISTRY}npm/private/@some%2fserver - Not found`,
      'UNKNOWN_PACKAGE',
      'the registry knows no package "@some/server"',
    ],
    [
      'E404',
      `Not Found - GET ${REGISTRY}its-part - Not found`,
      'INSTALL_FAILED',
      'the registry lacks something it needs: Not Found - GET',
    ],
    [
      'E404',
      `Not Found - GET ${REGISTRY}@some%2fserver/-/server-2.0.0.tgz - Not found`,
      'INSTALL_FAILED',
      'the registry lacks something',
    ],
    [
      'ETARGET',
      'No matching version found for @some/server@^2.',
      'UNKNOWN_VERSION',
      'the registry has no such version',
    ],
    [
      'ETARGET',
      'No matching version found for its-part@^9.',
      'INSTALL_FAILED',
      'No matching version found for its-part@^9.',
    ],
    [
      'EBADPLATFORM',
      'Unsupported platform for @some/server@2.0.0: wanted {"os":"sunos"}',
      'INSTALL_FAILED',
      'Unsupported platform',
    ],
    ['ENOSPC', 'ENOSPC: no space left on device, write', 'DISK_FULL', 'no space is left on the disk'],
    ['EDQUOT', 'EDQUOT: disk quota exceeded, write', 'DISK_FULL', 'no space is left on the disk'],
    [
      'EINTEGRITY',
      'sha512-aaa integrity checksum failed when using sha512',
      'INSTALL_FAILED',
      'what arrived is not what the registry promised (EINTEGRITY)',
    ],
    [
      'E401',
      'Unable to authenticate, your authentication token seems to be invalid.',
      'INSTALL_FAILED',
      'the registry refuses us (E401)',
    ],
    ['E403', '403 Forbidden', 'INSTALL_FAILED', 'the registry refuses us (E403)'],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'self-signed certificate in certificate chain',
      'INSTALL_FAILED',
      "the registry's certificate is not trusted",
    ],
    [
      'EUNSUPPORTEDPROTOCOL',
      'Unsupported URL Type "x:"',
      'INSTALL_FAILED',
      'Unsupported URL Type "x:" (EUNSUPPORTEDPROTOCOL)',
    ],
  ])('%s: %s', (code, summary, expected, words) => {
    const failure = explained(printed(code, summary));
    expect(failure).toMatchObject({ code: expected, retry: 'backoff', unreachable: false });
    expect(failure.message).toContain(`Cannot install @some/server@^2: ${words}`);
    expect(failure.hint).not.toBe(null);
  });

  test.each([
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND registry.example', 'OFFLINE', 'the registry cannot be reached'],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN registry.example', 'OFFLINE', 'the registry cannot be reached'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', 'OFFLINE', 'the registry cannot be reached'],
    [
      'ENOTCACHED',
      'cache mode is only-if-cached but no cached response is available',
      'OFFLINE',
      'the registry cannot be reached',
    ],
    ['ETIMEDOUT', 'connect ETIMEDOUT', 'INSTALL_FAILED', 'the registry does not answer in time'],
    [
      'FETCH_ERROR',
      `network timeout at: ${REGISTRY}x`,
      'INSTALL_FAILED',
      'the registry does not answer in time',
    ],
    ['ECONNRESET', 'aborted', 'INSTALL_FAILED', 'the connection to the registry broke'],
    ['E500', `500 Internal Server Error - GET ${REGISTRY}x`, 'INSTALL_FAILED', 'the registry is in trouble'],
    ['E503', `503 Service Unavailable - GET ${REGISTRY}x`, 'INSTALL_FAILED', 'the registry is in trouble'],
    ['E429', `429 Too Many Requests - GET ${REGISTRY}x`, 'INSTALL_FAILED', 'the registry is in trouble'],
  ])('%s (%s) is no reason to stop what is installed', (code, summary, expected, words) => {
    const failure = explained(printed(code, summary));
    expect(failure).toMatchObject({ code: expected, unreachable: true });
    expect(failure.message).toContain(`${words} (${code}: `);
  });

  test('an engine that does not fit is quoted', () => {
    const summary = 'Unsupported engine\nNot compatible with your version of node/npm: @some/server@2.0.0';
    const detail = `${summary}\nRequired: {"node":">=99"}\nActual:   {"node":"v20.20.2","npm":"11.19.1"}`;
    const failure = explained(printed('EBADENGINE', summary, detail));
    expect(failure.code).toBe('ENGINE_MISMATCH');
    expect(failure.message).toContain(`@some/server@2.0.0 needs node >=99, this is ${process.version}`);
  });

  test('a script that failed has the last word', () => {
    const failure = explained(printed(3, 'command failed', 'sh -c node build.js\nno compiler\nI give up'));
    expect(failure.message).toContain('command failed (3): I give up');
  });

  test('nothing of it can move a cursor', () => {
    const failure = explained(printed(3, 'command failed', 'x\n\u001b[2J\u001b]0;title\u0007done\rover'));
    expect(failure.message).not.toMatch(/\p{Cc}/u);
    expect(failure.message).toContain('done');
  });
});

describe('readNpmError()', () => {
  test('finds the error behind what scripts printed', () => {
    const { stdout } = printed('E404', 'gone');
    const noise = '> some@1.0.0 postinstall\n{ not json\n{"an":"object"}\n';
    expect(readNpmError({ stdout: noise + stdout, stderr: '' })).toMatchObject({
      code: 'E404',
      summary: 'gone',
    });
  });

  test.each([
    [
      'npm error code ENOSPC\nnpm error nospc no space\nnpm error A complete log of this run can be found in: /x\n',
      'ENOSPC',
      'nospc no space',
    ],
    ['npm ERR! code E404\nnpm ERR! 404 gone\nnpm ERR! A complete log of this run\n', 'E404', '404 gone'],
    ['node: bad option\n', 'UNKNOWN', 'node: bad option'],
    ['', 'UNKNOWN', 'npm said nothing'],
  ])('falls back on stderr: %j', (stderr, code, summary) => {
    expect(readNpmError({ stdout: '', stderr })).toEqual({ code, summary, detail: '' });
  });
});
