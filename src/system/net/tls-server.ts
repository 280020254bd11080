// HTTPS server that checks client certificates by the current policy and takes renewed certificates while it listens.
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
  /** Calls the listener with each new version; certificates count from the next handshake. */
  readonly onChange: (listener: (tls: WebTls) => void) => void;
}

/** A client that needs longer for the handshake is slow on purpose. */
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
    if (!isAccepted(socket, tls.current())) socket.destroy();
  });
  tls.onChange((next) => server.setSecureContext(secureContextOptions(next)));
  return server;
}

function isAccepted(socket: TLSSocket, { clientAuth, clientSans }: WebTls): boolean {
  const certificate = socket.getPeerX509Certificate();
  const hasOne = certificate !== undefined;
  switch (clientAuth) {
    case 'NoClientCert':
    case 'RequestClientCert':
      return true;
    case 'VerifyClientCertIfGiven':
      return !hasOne || socket.authorized;
    case 'RequireAnyClientCert':
      return hasOne && hasAllowedName(certificate.subjectAltName, clientSans);
    case 'RequireAndVerifyClientCert':
      return hasOne && socket.authorized && hasAllowedName(certificate.subjectAltName, clientSans);
    default:
      return clientAuth satisfies never;
  }
}

function hasAllowedName(written: string | undefined, allowed: readonly string[] | null): boolean {
  if (allowed === null) return true;
  const names = parseAltNames(written ?? '');
  return allowed.some((name) => names.includes(canonical(name)));
}

/** Parses the names in Node's text of a certificate: `DNS:a.example, IP Address:127.0.0.1, URI:"spiffe://a,b"`. */
export function parseAltNames(text: string): string[] {
  const found = text.matchAll(/(?:^|, )(?:DNS|IP Address|URI|email):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...found].map(([, name = '']) => canonical(name.startsWith('"') ? String(JSON.parse(name)) : name));
}

/** Writes an IPv6 address in its one canonical form. */
function canonical(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
}
