// What a web config says, in the format of Prometheus' exporter-toolkit: who may look, and over which connection.

/** As the exporter-toolkit names them. */
export const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
type ClientAuth = (typeof CLIENT_AUTH)[number];

/** Everything that its files say, so that nobody reads them again. */
export interface WebConfig {
  /** Null for plain HTTP. */
  readonly tls: WebTls | null;
  /** bcrypt hashes by name; none: nobody is asked for a password. */
  readonly users: Readonly<Record<string, string>>;
  /** Added to every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly rateLimit: RateLimit | null;
  /** Absolute paths of everything that was read. */
  readonly files: readonly string[];
  /** What is allowed and probably not meant, one sentence each. */
  readonly warnings: readonly string[];
}

/** One request each `interval` ms on average, `burst` of them at once. */
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
  /** One of these names must be in a client's certificate; null when any will do. */
  readonly clientSans: readonly string[] | null;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string | null;
  readonly curves: string | null;
  readonly prefersOwnOrder: boolean;
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** Which section is missing before strangers in the network may be let near; null when none is. */
export function missingProtection({ tls, users }: Pick<WebConfig, 'tls' | 'users'>): string | null {
  if (tls === null) return 'tls_server_config';
  return Object.keys(users).length === 0 ? 'basic_auth_users' : null;
}

/** Whether only programs on this machine can reach what listens there. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}
