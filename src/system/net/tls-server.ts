// How connections are encrypted, and which clients' certificates are good enough.
import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { WebTls } from '../../core/model/web-config.ts';
import { secureContextOptions } from './tls-options.ts';

export interface TlsSource {
  readonly current: () => WebTls;
  /** Called for each connection, before its handshake. */
  readonly onConnection: () => void;
  /** Calls back with each new version; certificates then count from the next handshake. */
  readonly onChange: (listener: (tls: WebTls) => void) => void;
}

/** Whoever needs longer to shake hands does not mean it. */
const HANDSHAKE_TIMEOUT = 5000;

export function createTlsServer(app: RequestListener, limits: ServerOptions, tls: TlsSource): Server {
  const first = tls.current();
  const server = createServer(
    {
      ...limits,
      ...secureContextOptions(first),
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      requestCert: first.clientAuth !== 'NoClientCert',
      // Judged below, because the policy may change while we listen.
      rejectUnauthorized: false,
    },
    app,
  );
  server.prependListener('connection', () => tls.onConnection());
  server.prependListener('secureConnection', (socket) => {
    if (!isWelcome(socket, tls.current())) socket.destroy();
  });
  tls.onChange((next) => server.setSecureContext(secureContextOptions(next)));
  return server;
}

function isWelcome(socket: TLSSocket, { clientAuth, clientSans }: WebTls): boolean {
  const certificate = socket.getPeerX509Certificate();
  const hasOne = certificate !== undefined;
  switch (clientAuth) {
    case 'NoClientCert':
    case 'RequestClientCert':
      return true;
    case 'VerifyClientCertIfGiven':
      return !hasOne || socket.authorized;
    case 'RequireAnyClientCert':
      return hasOne && isNamed(certificate.subjectAltName, clientSans);
    case 'RequireAndVerifyClientCert':
      return hasOne && socket.authorized && isNamed(certificate.subjectAltName, clientSans);
    default:
      return clientAuth satisfies never;
  }
}

function isNamed(written: string | undefined, allowed: readonly string[] | null): boolean {
  if (allowed === null) return true;
  const names = parseAltNames(written ?? '');
  return allowed.some((name) => names.includes(canonical(name)));
}

/** The names in Node's text of a certificate: `DNS:a.example, IP Address:127.0.0.1, URI:"spiffe://a,b"`. */
export function parseAltNames(text: string): string[] {
  const found = text.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...found].map(([, name = '']) => canonical(name.startsWith('"') ? String(JSON.parse(name)) : name));
}

/** One IPv6 address has many spellings. */
function canonical(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}
