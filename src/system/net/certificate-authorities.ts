// Certificate authorities beside those of Node: the files that NODE_EXTRA_CA_CERTS and SSL_CERT_FILE name.
import { statSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import { readFileOrNull } from '../files/read-file.ts';

/** Variables that name a file of PEM certificates to trust. */
export const CA_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

let cached: { readonly key: string; readonly context: SecureContext } | null = null;

/**
 * Builds the trust for outgoing TLS: Node's own authorities and those of the files. Null when no file holds one. Node reads
 * NODE_EXTRA_CA_CERTS too, but only as it starts, when a service has no environment of a shell yet.
 */
export function trustedContext(environment: Environment): SecureContext | null {
  const files = caFiles(environment);
  const key = files
    .map((file) => `${file} ${statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0}`)
    .join('\n');
  if (cached?.key === key) return cached.context;
  const extra = files.flatMap((file) => certificatesIn(file) ?? []);
  if (extra.length === 0) return null;
  // Made once: to parse all authorities takes longer than a handshake.
  const tls = process.getBuiltinModule('node:tls');
  cached = { key, context: tls.createSecureContext({ ca: [...tls.rootCertificates, ...extra] }) };
  return cached.context;
}

/** Lists the files that are named, each once. */
export function caFiles(environment: Environment): readonly string[] {
  const named = CA_VARIABLES.map((name) => environment[name] ?? '').filter((file) => file !== '');
  return [...new Set(named)];
}

/** Reads the certificates of a PEM file; null when it cannot be read or holds none. */
export function certificatesIn(file: string): readonly string[] | null {
  const text = readFileOrNull(file) ?? '';
  return text.match(
    /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/gu,
  );
}
