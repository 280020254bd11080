import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, formatProblem } from '../../../src/config/read/problems.ts';
import { readWebConfigInChild } from '../../../src/config/load-in-child.ts';
import { readWebConfig } from '../../../src/config/build/read-web-config.ts';
import { createAuthority, type Pair } from '../../fakes/certificates.ts';
import { requireProgram } from '../../fakes/require-program.ts';
import { inFolder, problemsOf } from '../temporary.ts';

const HASH = '$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG';

function problemsIn(path: string): string[] {
  try {
    readWebConfig(path);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

describe('readWebConfig()', () => {
  test('asks nothing of anybody when the file says nothing', () => {
    const path = inFolder({ 'web.yml': '# nothing yet\n' });
    expect(readWebConfig(path)).toEqual({
      tls: null,
      users: {},
      headers: {},
      rateLimit: null,
      files: [path],
      warnings: [],
    });
  });

  test('reads users, headers and a rate limit', () => {
    const path = inFolder({
      'web.yml': `
basic_auth_users: {ada: ${HASH}}
rate_limit: {interval: 100ms, burst: 20}
http_server_config: {http2: false, headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=60}}
`,
    });
    expect(readWebConfig(path)).toMatchObject({
      users: { ada: HASH },
      rateLimit: { interval: 100, burst: 20 },
      headers: { 'X-Frame-Options': 'deny', 'Strict-Transport-Security': 'max-age=60' },
    });
    expect(
      readWebConfig(inFolder({ 'web.yml': 'rate_limit: {interval: 0, burst: 5}' })).rateLimit,
    ).toBeNull();
  });

  test.each([
    ['basic_auth_user: {}', 'basic_auth_user: is not a known key; did you mean basic_auth_users?'],
    ['tls_server_config: {cert_fil: x}', 'did you mean cert_file?'],
    ['basic_auth_users: {ada: swordfish}', 'must be a bcrypt hash'],
    ['basic_auth_users: {ada: 123456789}', 'must be a bcrypt hash'],
    [`basic_auth_users: {ada: ${HASH.replace('$10$', '$18$')}}`, 'at most 15'],
    [`basic_auth_users: {"a:b": ${HASH}}`, 'without a colon'],
    [
      'http_server_config: {http2: true}',
      'http2: is not supported, got true; leave it out, HTTP/1.1 is spoken',
    ],
    ['http_server_config: {headers: {Server: x}}', 'headers.Server: is not a known key'],
    ['http_server_config: {headers: {X-Frame-Options: allow}}', 'must be one of deny, sameorigin'],
    ['http_server_config: {headers: {X-XSS-Protection: "a\\nb"}}', 'must be one line'],
    ['rate_limit: {interval: 1s}', 'rate_limit.burst: is missing'],
    ['rate_limit: {interval: 5, burst: 1}', 'must be a duration'],
    ['rate_limit: {interval: 1s, burst: 0}', 'must be at least 1'],
    ['tls_server_config: {}', 'cert_file: is missing; name a file in PEM format'],
    [
      'tls_server_config: {min_version: TLS10}',
      'min_version: is not supported here, got "TLS10"; one of TLS12, TLS13 is',
    ],
    ['tls_server_config: {min_version: TLS13, max_version: TLS12}', 'is above max_version'],
    [
      'tls_server_config: {cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}',
      'cipher_suites[0]: is not supported here',
    ],
    [
      'tls_server_config: {curve_preferences: [X25519MLKEM768]}',
      'one of CurveP256, CurveP384, CurveP521, X25519 is',
    ],
    ['tls_server_config: {client_auth_type: Require}', 'must be one of NoClientCert'],
    ['tls_server_config: {client_auth_type: RequireAndVerifyClientCert}', 'has nothing to verify against'],
    ['tls_server_config: {client_ca: x}', 'asks for no certificate'],
    [
      'tls_server_config: {client_auth_type: RequestClientCert, client_allowed_sans: [x]}',
      'requires a certificate',
    ],
    ['tls_server_config: {cert_file: none.pem, key_file: none.key}', 'none.key: there is no such file'],
    ['tls_server_config: {cert: x, key: x}', 'holds no certificate in PEM format'],
    ['tls_server_config: {cert: x, cert_file: web.yml, key: x}', 'stands beside cert'],
    ['auth_excluded_paths: [/metrics]', 'is not a known key'],
    ['[]', 'must be a map'],
    ['{', 'is not valid YAML'],
  ])('refuses %s', (text, words) => {
    const problems = problemsIn(inFolder({ 'web.yml': text }));
    expect(problems.join('\n')).toContain(words);
    expect(problems.join('\n')).toMatch(/^web\.yml:/);
    expect(problems.join('\n')).not.toMatch(/swordfish|123456789|X0h1g/);
  });

  test('must not be writable by others, and must not stand where others could replace it', () => {
    const path = inFolder({ 'web.yml': '' }, 0o620);
    expect(() => readWebConfig(path)).toThrow(
      /it decides who is let in and others may write it, its mode is 620/,
    );
    chmodSync(path, 0o640);
    expect(readWebConfig(path).warnings).toEqual([expect.stringContaining('holds password hashes')]);
    chmodSync(path, 0o600);
    chmodSync(dirname(path), 0o770);
    expect(readWebConfig(path).warnings).toEqual([expect.stringContaining('can be replaced')]);
    chmodSync(dirname(path), 0o777);
    expect(() => readWebConfig(path)).toThrow(/anybody may replace it, the mode of .* is 777/);
  });
});

describe.skipIf(!requireProgram('openssl'))('readWebConfig() with certificates', () => {
  const authority = createAuthority();
  const server = authority.issue('server', 'DNS:localhost,IP:127.0.0.1');
  const other = authority.issue('other', 'DNS:other.example');
  afterAll(() => authority.remove());

  function inAuthority(tls: object): string {
    const path = join(authority.folder, 'web.yml');
    writeFileSync(path, JSON.stringify({ tls_server_config: tls }), { mode: 0o600 });
    return path;
  }

  const files = ({ cert, key }: Pair) => ({ cert_file: cert, key_file: key });

  test('reads what it names, relative to itself', async () => {
    const path = inAuthority({
      cert_file: 'server.pem',
      key_file: 'server.key',
      client_ca_file: 'ca.pem',
      client_auth_type: 'RequireClientCert',
      client_allowed_sans: ['me'],
      min_version: 'TLS13',
      cipher_suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
      prefer_server_cipher_suites: false,
      curve_preferences: ['X25519', 'CurveP256'],
    });
    const read = readWebConfig(path);
    expect(read).toMatchObject({
      tls: {
        cert: readFileSync(server.cert, 'utf8'),
        key: readFileSync(server.key, 'utf8'),
        clientCa: readFileSync(authority.cert, 'utf8'),
        clientAuth: 'RequireAnyClientCert',
        clientSans: ['me'],
        minVersion: 'TLSv1.3',
        maxVersion: 'TLSv1.3',
        ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256',
        curves: 'X25519:P-256',
        prefersOwnOrder: false,
      },
      files: [path, server.cert, server.key, authority.cert],
      warnings: [],
    });
    const reader = new URL('../../../dist/config/load-child.js', import.meta.url).pathname;
    expect(await readWebConfigInChild(path, { reader })).toEqual(read);
    const wrong = inFolder({ 'web.yml': 'tls_server_config: {cert_file: no.pem}' });
    await expect(readWebConfigInChild(wrong, { reader })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      envFiles: [join(dirname(wrong), 'no.pem')],
    });
  });

  test('takes certificate and key as text too', () => {
    const [cert, key] = [readFileSync(server.cert, 'utf8'), readFileSync(server.key, 'utf8')];
    expect(readWebConfig(inAuthority({ cert, key })).tls).toMatchObject({
      cert,
      key,
      clientAuth: 'NoClientCert',
    });
  });

  test('refuses a key that is not of the certificate, is none, or is open to all', () => {
    expect(problemsIn(inAuthority({ ...files(server), key_file: other.key }))).toEqual([
      'web.yml:1: tls_server_config.key_file: does not belong to the certificate',
    ]);
    expect(problemsIn(inAuthority({ ...files(server), key_file: other.cert }))).toEqual([
      expect.stringContaining('holds no private key'),
    ]);
    chmodSync(other.key, 0o604);
    expect(problemsIn(inAuthority(files(other)))).toEqual([
      `web.yml:1: tls_server_config.key_file: may be read by anybody; chmod 600 ${other.key}`,
    ]);
    chmodSync(other.key, 0o640);
    expect(readWebConfig(inAuthority(files(other))).warnings).toEqual([
      expect.stringContaining('may be read by the group'),
    ]);
    chmodSync(other.key, 0o622);
    expect(problemsIn(inAuthority(files(other)))).toEqual([expect.stringContaining('others may write it')]);
  });

  test('a config that listens to the network needs both sections', () => {
    const refusals = (web: object): string[] => {
      const path = join(authority.folder, 'web.yml');
      writeFileSync(path, JSON.stringify(web), { mode: 0o600 });
      return problemsOf(
        JSON.stringify({ metrics: { listen: '0.0.0.0:1', webConfigFile: path }, servers: {} }),
      );
    };
    const open = 'metrics.listen: is open to the network without';
    expect(refusals({})).toEqual([expect.stringContaining(`${open} tls_server_config`)]);
    expect(refusals({ tls_server_config: files(server) })).toEqual([
      expect.stringContaining(`${open} basic_auth_users`),
    ]);
    expect(refusals({ basic_auth_users: { ada: HASH } })).toEqual([
      expect.stringContaining(`${open} tls_server_config`),
    ]);
    expect(refusals({ tls_server_config: files(server), basic_auth_users: { ada: HASH } })).toEqual([]);
    expect(refusals({ basic_auth_users: { ada: 'x' } })).toEqual([
      expect.stringContaining('web.yml:1: basic_auth_users.ada: must be a bcrypt hash'),
    ]);
  });
});
