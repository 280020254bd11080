// Web config in the format of Prometheus' exporter-toolkit: users, TLS, headers and rate limit.

/** As the exporter-toolkit names them. */
export const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
type ClientAuth = (typeof CLIENT_AUTH)[number];

/** Contents of the web config and of the files that it names. */
export interface WebConfig {
  /** Null for plain HTTP. */
  readonly tls: WebTls | null;
  /** bcrypt hashes by user name; empty: no password is asked for. */
  readonly users: Readonly<Record<string, string>>;
  /** Added to every response. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit: RateLimit | null;
  /** Absolute paths of everything that was read. */
  readonly files: readonly string[];
  /** Settings that are valid but probably a mistake, one sentence each. */
  readonly warnings: readonly string[];
}

/** One request per `interval` ms on average, at most `burst` at once. */
export interface RateLimit {
  readonly interval: number;
  readonly burst: number;
}

/** Certificates and keys are PEM texts; versions, ciphers and curves are named as OpenSSL does, null for its defaults. */
export interface WebTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | null;
  readonly clientAuth: ClientAuth;
  /** A client's certificate must have one of these names; null accepts any. */
  readonly clientSans: readonly string[] | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string | null;
  readonly curves: string | null;
  readonly prefersOwnOrder: boolean;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Returns the section that is missing before a listener may be open to the network; null when none is. */
export function missingProtection({ tls, users }: Pick<WebConfig, 'tls' | 'users'>): string | null {
  if (tls === null) return 'tls_server_config';
  return Object.keys(users).length === 0 ? 'basic_auth_users' : null;
}

/** True when only programs on this machine can reach a listener on `host`. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}

/** True for a url that leads to this machine, whatever its network is. */
export function isLoopbackUrl({ hostname }: Pick<URL, 'hostname'>): boolean {
  return isLoopbackHost(hostname.replaceAll(/[[\]]/gu, '')) || hostname.endsWith('.localhost');
}
