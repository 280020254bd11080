// Config loader: from a file to what the daemon runs on, or to the list of everything wrong with it.
import { dirname, resolve } from 'node:path';
import { buildDaemonConfig } from './build/build-daemon-config.ts';
import { expandReferences } from './read/env-expansion.ts';
import type { Environment } from './read/env-expansion.ts';
import { schemaErrors } from './read/schema-errors.ts';
import { inactiveKeys } from './build/inactive-keys.ts';
import type { LoadedConfig } from './build/loaded-config.ts';
import { readSecureFile } from './read/secure-file.ts';
import { channelSecrets } from './schema/notify-schema.ts';
import { ConfigError } from './read/problems.ts';
import { readDocument } from './read/read-document.ts';
import type { ParsedDocument } from './read/read-document.ts';
import { Diagnostics } from './read/diagnostics.ts';
import { openSecretStores } from './read/secret-store.ts';
import { configSchema } from './schema/schema.ts';
import { findSecrets, scrubbableSecrets } from './read/secrets.ts';
import { buildServers } from './build/build-servers.ts';
import { isDocumentMap } from './schema/document.ts';
import type { DocumentValue } from './schema/document.ts';

export type { DaemonConfig, LoadedConfig } from './build/loaded-config.ts';

/**
 * Reads and checks a config file.
 *
 * @param environment what `${env:NAME}` refers to, and in which the programs that read `${keychain:…}` and `${secret:…}` run
 * @throws WatchdogError CONFIG_UNREADABLE or CONFIG_UNSAFE; ConfigError (CONFIG_INVALID) with every problem of the file
 */
export function loadConfig(path: string, environment: Environment): LoadedConfig {
  const file = resolve(path);
  const { text, isReadableByOthers, replaceableIn: openFolder } = readSecureFile(file);
  const loaded = readConfig(text, { path: file, environment });
  const warnings = [...loaded.warnings];
  if (isReadableByOthers && loaded.secrets.length > 0)
    warnings.push(`${file} holds secrets and others on this machine may read it; chmod 600 ${file}`);
  if (openFolder !== null)
    warnings.push(
      `${file} can be replaced by whoever shares the group of its folder; chmod g-w ${openFolder}`,
    );
  return { ...loaded, warnings };
}

export interface ReadOptions {
  /** Of the file that the text is, or will be, in. */
  readonly path: string;
  readonly environment: Environment;
  /** Maps the path of an envFile to where it is read instead. */
  readonly locate?: (file: string) => string;
}

/** Does what `loadConfig` does for a text that was read already; envFiles are still read from disk. */
export function readConfig(text: string, { path, environment, locate }: ReadOptions): LoadedConfig {
  const source = readDocument(text);
  const expanded = expandReferences(source.tree, environment, openSecretStores({ environment }));
  const tree = emptyToMap(expanded.tree);
  const secrets = [...expanded.secrets, ...findSecrets(tree)];
  const scrubbed = (values: readonly string[]) => scrubbableSecrets(values, expanded.stored);
  const diagnostics = new Diagnostics({ file: path, source, tree, secrets: scrubbed(secrets) });
  for (const fault of source.faults) diagnostics.addAt(fault.line, fault);
  diagnostics.throwIfAny();
  for (const fault of expanded.faults) diagnostics.add(fault.path, fault.reason, { isHidden: true });
  for (const { path: at, reference } of expanded.foreign) {
    diagnostics.warn(
      at,
      `holds ${reference}, which is taken literally; \${env:NAME} is the form that is expanded`,
    );
  }
  for (const at of expanded.short)
    diagnostics.warn(at, 'is a secret of fewer than 8 characters: what a server prints of it is not masked');
  checkForm(tree, source, diagnostics);
  const servers = buildServers(tree, { folder: dirname(path), diagnostics, locate });
  const config = buildDaemonConfig(tree, { folder: dirname(path), diagnostics });
  diagnostics.throwIfAny();
  if (config === null) throw new ConfigError(path, []);
  return {
    path,
    config,
    servers,
    envFiles: [...diagnostics.envFiles],
    inactive: inactiveKeys(tree),
    secrets: scrubbed([
      ...secrets,
      ...findSecrets(servers.map(({ env }) => env)),
      ...channelSecrets(config.alerts.notify),
    ]),
    warnings: diagnostics.warnings,
  };
}

/** Takes an empty file for a map without keys: the error is then about what is missing in it. */
function emptyToMap(tree: DocumentValue): DocumentValue {
  return tree ?? {};
}

function checkForm(tree: DocumentValue, { writtenAt }: ParsedDocument, diagnostics: Diagnostics): void {
  for (const { path, reason, cure } of schemaErrors(configSchema, { tree, writtenAt }))
    diagnostics.add(path, reason, { cure });
  if (!isDocumentMap(tree)) return;
  if ('servers' in tree && 'mcpServers' in tree)
    diagnostics.add(['mcpServers'], 'stands beside servers; keep one of them');
  if (!('servers' in tree) && !('mcpServers' in tree)) {
    diagnostics.add([], 'names no servers; write servers: {context7: {package: "@upstash/context7-mcp"}}');
  }
}
