// Web config loader: reads the file and everything it names, or lists all that is wrong.
import { X509Certificate } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf, messageOf } from '../../core/base/guards.ts';
import type { WebConfig, WebTls } from '../../core/model/web-config.ts';
import { secureContextOptions } from '../../system/net/tls-options.ts';
import { resolveFrom } from './build-server.ts';
import { schemaErrors } from '../read/schema-errors.ts';
import { keysIn } from '../schema/json-schema.ts';
import { type SecureFile, readSecureFile } from '../read/secure-file.ts';
import { readDocument } from '../read/read-document.ts';
import { Diagnostics } from '../read/diagnostics.ts';
import { isDocumentMap, valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';
import { webSchema } from '../schema/web-schema.ts';
import type { TlsSettings, WebSettings } from '../schema/web-schema.ts';

const WHY = 'it decides who is let in';

/**
 * Reads and checks a web config.
 *
 * @returns plain data: certificates and keys as text
 * @throws WatchdogError CONFIG_UNREADABLE or CONFIG_UNSAFE; ConfigError (CONFIG_INVALID) with every problem
 */
export function readWebConfig(path: string): WebConfig {
  const file = resolve(path);
  const own = readSecureFile(file, WHY);
  const { settings, diagnostics } = readSettings(own.text, file);
  const tls = readTls(settings.tls_server_config, { folder: dirname(file), diagnostics });
  diagnostics.throwIfAny();
  const { rate_limit: rateLimit, basic_auth_users: users, http_server_config: http } = settings;
  return {
    tls,
    users,
    headers: Object.fromEntries(
      Object.entries(http.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    rateLimit: rateLimit === undefined || rateLimit.interval === 0 ? null : rateLimit,
    files: [file, ...diagnostics.envFiles],
    warnings: [...warningsAbout(file, own), ...diagnostics.warnings],
  };
}

function readSettings(text: string, file: string): { settings: WebSettings; diagnostics: Diagnostics } {
  const source = readDocument(text);
  // A file of comments alone is a map without keys.
  const tree = source.tree ?? {};
  const diagnostics = new Diagnostics({ file, source, tree, secrets: secretsOf(tree) });
  for (const fault of source.faults) diagnostics.addAt(fault.line, fault);
  diagnostics.throwIfAny();
  const schema: Readonly<Record<string, unknown>> = z.toJSONSchema(webSchema, { io: 'input' });
  const known = (at: KeyPath) => keysIn(schema, at);
  for (const { path, reason, cure } of schemaErrors(webSchema, { ...source, tree, known }))
    diagnostics.add(path, reason, { cure, isHidden: path[0] === 'basic_auth_users' });
  diagnostics.throwIfAny();
  return { settings: webSchema.parse(tree), diagnostics };
}

/** Finds what must never be quoted, however wrong it is: passwords and keys. */
function secretsOf(tree: DocumentValue): string[] {
  const users = valueAt(tree, ['basic_auth_users']);
  const hashes = isDocumentMap(users) ? Object.values(users) : [];
  return [...hashes, valueAt(tree, ['tls_server_config', 'key'])].filter(
    (value) => typeof value === 'string',
  );
}

function warningsAbout(
  file: string,
  { isReadableByOthers, replaceableIn: openFolder }: SecureFile,
): string[] {
  const warnings: string[] = [];
  if (isReadableByOthers)
    warnings.push(`${file} holds password hashes and others may read it; chmod 600 ${file}`);
  if (openFolder !== null)
    warnings.push(
      `${file} can be replaced by whoever shares the group of its folder; chmod g-w ${openFolder}`,
    );
  return warnings;
}

interface LoadContext {
  readonly folder: string;
  readonly diagnostics: Diagnostics;
}

function readTls(settings: TlsSettings | undefined, around: LoadContext): WebTls | null {
  if (settings === undefined) return null;
  const { diagnostics } = around;
  checkVersions(settings, diagnostics);
  checkClients(settings, diagnostics);
  const cert = readPem('cert', settings, around);
  const key = readPem('key', settings, around);
  const clientCa = readPem('client_ca', settings, around);
  for (const [name, text] of Object.entries({ cert, key })) {
    if (text === null)
      diagnostics.add(at(`${name}_file`), 'is missing; name a file in PEM format', { isHidden: true });
  }
  if (cert === null || key === null) return null;
  const tls: WebTls = {
    cert,
    key,
    clientCa,
    clientAuth: settings.client_auth_type,
    clientSans: settings.client_allowed_sans ?? null,
    minVersion: settings.min_version,
    maxVersion: settings.max_version,
    ciphers: joined(settings.cipher_suites),
    curves: joined(settings.curve_preferences),
    prefersOwnOrder: settings.prefer_server_cipher_suites,
  };
  checkPem(tls, settings, diagnostics);
  return tls;
}

function at(key: string): KeyPath {
  return ['tls_server_config', key];
}

function joined(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.join(':');
}

function checkVersions({ min_version, max_version }: TlsSettings, diagnostics: Diagnostics): void {
  if (min_version > max_version) diagnostics.add(at('min_version'), 'is above max_version');
}

function checkClients(settings: TlsSettings, diagnostics: Diagnostics): void {
  const { client_auth_type: type, client_allowed_sans: sans } = settings;
  const hasCa = settings.client_ca !== undefined || settings.client_ca_file !== undefined;
  const verifies = type === 'VerifyClientCertIfGiven' || type === 'RequireAndVerifyClientCert';
  if (verifies && !hasCa)
    diagnostics.add(at('client_auth_type'), 'has nothing to verify against; name a client_ca_file');
  if (hasCa && type === 'NoClientCert')
    diagnostics.add(at('client_auth_type'), 'asks for no certificate, so the client_ca is of no use', {
      cure: 'write RequireAndVerifyClientCert',
      isHidden: true,
    });
  if (sans !== undefined && !type.startsWith('Require'))
    diagnostics.add(at('client_allowed_sans'), 'needs a client_auth_type that requires a certificate', {
      cure: 'write RequireAndVerifyClientCert',
    });
}

type PemName = 'cert' | 'key' | 'client_ca';

/** Reads a certificate or key; null when there is none, which is reported where it is a mistake. */
function readPem(name: PemName, settings: TlsSettings, { folder, diagnostics }: LoadContext): string | null {
  const inline = settings[name];
  const written = settings[`${name}_file`];
  const path = at(`${name}_file`);
  if (written === undefined) return inline ?? null;
  if (inline !== undefined) diagnostics.add(path, `stands beside ${name}; keep one of them`);
  const file = resolveFrom(folder, written);
  diagnostics.envFiles.add(file);
  try {
    const { text, isReadableByAll, isReadableByOthers } = readSecureFile(file, WHY);
    if (name === 'key' && isReadableByAll)
      diagnostics.add(path, `may be read by anybody; chmod 600 ${file}`, { isHidden: true });
    else if (name === 'key' && isReadableByOthers)
      diagnostics.warn(path, `may be read by the group of ${basename(file)}; chmod 600 ${file}`);
    return text;
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    const cure = error.code === 'CONFIG_UNSAFE' ? error.hint : null;
    diagnostics.add(path, `cannot be used: ${error.message.replace(/^C/, 'c')}`, { cure, isHidden: true });
    return null;
  }
}

function checkPem(tls: WebTls, settings: TlsSettings, diagnostics: Diagnostics): void {
  const place = (name: PemName): KeyPath => at(settings[name] === undefined ? `${name}_file` : name);
  const complain = (name: PemName, reason: string): void =>
    diagnostics.add(place(name), reason, { isHidden: true });
  const certificate = parseCertificate(tls.cert);
  if (certificate === null) return complain('cert', 'holds no certificate in PEM format');
  if (tls.clientCa !== null && parseCertificate(tls.clientCa) === null)
    return complain('client_ca', 'holds no certificate in PEM format');
  if (/ENCRYPTED/.test(tls.key)) return complain('key', 'is protected by a passphrase; write it without one');
  if (!tls.key.includes('PRIVATE KEY-----')) return complain('key', 'holds no private key in PEM format');
  if (Date.parse(certificate.validTo) < Date.now())
    diagnostics.warn(place('cert'), `expired on ${certificate.validTo}`);
  try {
    createSecureContext(secureContextOptions(tls));
  } catch (error) {
    const isMismatch = codeOf(error) === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    complain(
      'key',
      isMismatch
        ? 'does not belong to the certificate'
        : `does not work: ${messageOf(error).split('\n', 1)[0]}`,
    );
  }
}

function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
