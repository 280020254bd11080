import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { WebTls } from '../../../src/core/model/web-config.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { listenHttp } from '../../../src/system/net/http-listener.ts';
import { parseAltNames } from '../../../src/system/net/tls-server.ts';
import { createAuthority, type Pair } from '../../fakes/certificates.ts';
import { requireProgram } from '../../fakes/require-program.ts';

const read = (path: string): string => readFileSync(path, 'utf8');

test('parseAltNames() reads what Node writes of a certificate', () => {
  expect(
    parseAltNames(
      'DNS:a.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, URI:"spiffe://a, b", email:a@b.example',
    ),
  ).toEqual(['a.example', '127.0.0.1', '::1', 'spiffe://a, b', 'a@b.example']);
  expect(parseAltNames('')).toEqual([]);
});

describe.skipIf(!requireProgram('openssl'))('a TLS listener', () => {
  const authority = createAuthority();
  const strangers = createAuthority();
  const server = authority.issue('server', 'DNS:localhost,IP:127.0.0.1');
  const renewed = authority.issue('renewed', 'DNS:localhost,IP:127.0.0.1');
  const client = authority.issue('client', 'DNS:me.example,IP:::1,URI:spiffe://me');
  const stranger = strangers.issue('stranger', 'DNS:me.example');
  afterAll(() => {
    authority.remove();
    strangers.remove();
  });

  const BASE: WebTls = {
    cert: read(server.cert),
    key: read(server.key),
    clientCa: null,
    clientAuth: 'NoClientCert',
    clientSans: null,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: null,
    curves: null,
    prefersOwnOrder: true,
  };

  async function open(change: Partial<WebTls> = {}) {
    let current = { ...BASE, ...change };
    const listeners: ((tls: WebTls) => void)[] = [];
    let connections = 0;
    const listening = await listenHttp((_, response) => response.end('here'), {
      host: '127.0.0.1',
      port: 0,
      setting: 'metrics.listen',
      clock: systemClock,
      onFault: () => {},
      tls: {
        current: () => current,
        onConnection: () => (connections += 1),
        onChange: (listener) => void listeners.push(listener),
      },
    });
    onTestFinished(() => listening.close());
    const port = Number(new URL(listening.url).port);
    return {
      ...listening,
      port,
      connections: () => connections,
      change: (next: Partial<WebTls>): void => {
        current = { ...current, ...next };
        for (const listener of listeners) listener(current);
      },
    };
  }

  const as = ({ cert, key }: Pair): ConnectionOptions => ({ cert: read(cert), key: read(key) });

  /** The body, or the code of what went wrong. */
  function ask(port: number, options: ConnectionOptions = {}): Promise<string> {
    return new Promise((resolve) => {
      const where = { host: '127.0.0.1', port, ca: read(authority.cert), agent: false, ...options };
      const asking = request(where, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve(body));
      });
      asking.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
      asking.end();
    });
  }

  function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const where = { host: '127.0.0.1', port, ca: read(authority.cert), ...options };
      const socket = connectTls(where, () => resolve(socket));
      socket.on('error', reject);
      onTestFinished(() => void socket.destroy());
    });
  }

  test('says https, and is trusted by who knows its authority', async () => {
    const { url, port, connections } = await open();
    expect(url).toBe(`https://127.0.0.1:${port}`);
    expect(await ask(port)).toBe('here');
    expect(await ask(port, { ca: read(strangers.cert) })).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|SIGNATURE/);
    expect(connections()).toBe(2);
  });

  test('shows a renewed certificate to the next connection', async () => {
    const { port, change } = await open();
    const before = (await shake(port)).getPeerX509Certificate();
    change({ cert: read(renewed.cert), key: read(renewed.key) });
    const after = (await shake(port)).getPeerX509Certificate();
    expect([before?.subject, after?.subject]).toEqual(['CN=server', 'CN=renewed']);
  });

  test('speaks the versions, ciphers and curves that it was told', async () => {
    const { port } = await open({
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384',
      curves: 'P-384',
    });
    const socket = await shake(port);
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual([
      'TLSv1.2',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
    ]);
    expect(socket.getEphemeralKeyInfo()).toMatchObject({ name: 'secp384r1' });
    await expect(shake(port, { minVersion: 'TLSv1.3' })).rejects.toThrow();
    const strict = await open({ minVersion: 'TLSv1.3' });
    await expect(shake(strict.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  test.each<[WebTls['clientAuth'], { none: boolean; known: boolean; unknown: boolean }]>([
    ['NoClientCert', { none: true, known: true, unknown: true }],
    ['RequestClientCert', { none: true, known: true, unknown: true }],
    ['RequireAnyClientCert', { none: false, known: true, unknown: true }],
    ['VerifyClientCertIfGiven', { none: true, known: true, unknown: false }],
    ['RequireAndVerifyClientCert', { none: false, known: true, unknown: false }],
  ])('%s lets in whom it should, over both versions', async (clientAuth, { none, known, unknown }) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const { port } = await open({ clientAuth, clientCa: read(authority.cert), maxVersion });
      const isIn = async (options?: ConnectionOptions): Promise<boolean> =>
        (await ask(port, options)) === 'here';
      expect([await isIn(), await isIn(as(client)), await isIn(as(stranger))]).toEqual([
        none,
        known,
        unknown,
      ]);
    }
  });

  test.each([
    ['me.example', true],
    ['0:0::1', true],
    ['spiffe://me', true],
    ['you.example', false],
  ])('asks for the name %s in a certificate', async (name, isIn) => {
    const { port } = await open({
      clientAuth: 'RequireAndVerifyClientCert',
      clientCa: read(authority.cert),
      clientSans: ['other.example', name],
    });
    expect((await ask(port, as(client))) === 'here').toBe(isIn);
  });

  test('does not let in on an old session whom a new authority does not know', async () => {
    const { port, change } = await open({
      clientAuth: 'RequireAndVerifyClientCert',
      clientCa: read(authority.cert),
      maxVersion: 'TLSv1.2',
    });
    const socket = await shake(port, as(client));
    const session = socket.getSession();
    change({ clientCa: read(strangers.cert) });
    expect(await ask(port, { ...as(client), ...(session && { session }) })).not.toBe('here');
    expect(await ask(port, as(stranger))).toBe('here');
  });

  test('is not held up when it closes, by who never shakes hands', async () => {
    const { port, ...listening } = await open();
    const silent = connect(port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.once('close', resolve));
    const begun = performance.now();
    await listening.close();
    await ended;
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});
