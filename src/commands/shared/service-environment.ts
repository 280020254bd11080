// Environment file of the service: proxies and certificates of the shell that installs, for a daemon that no shell starts.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnvFile } from '../../config/read/env-file.ts';
import { readSecureFile } from '../../config/read/secure-file.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { CA_VARIABLES } from '../../system/net/certificate-authorities.ts';
import { PROXY_VARIABLES } from '../../system/net/proxy.ts';
import { makeFolder } from '../../system/files/make-folder.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a service needs of a shell to reach the network. */
const NAMES: readonly string[] = [...PROXY_VARIABLES, ...CA_VARIABLES, 'SSL_CERT_DIR'];

const HEADING = `# Environment of the service; mcp-watchdog install writes the proxies and certificates of its shell here.
# Lines of your own stay. The daemon reads it when a service manager starts it.
`;

/** Returns the path of the file in a home. */
export function serviceEnvironmentPath(home: string): string {
  return join(home, 'service.env');
}

/**
 * Writes the variables of this shell, 0600: they may hold passwords. Lines of other variables stay, and those of variables that this shell
 * does not set.
 *
 * @returns the names whose values changed
 */
export function writeServiceEnvironment(home: string, shell: Environment): readonly string[] {
  const file = serviceEnvironmentPath(home);
  const text = readFileOrNull(file) ?? '';
  const { env: before } = parseEnvFile(text);
  const wanted = NAMES.flatMap((name) => {
    const value = shell[name] ?? '';
    return value === '' || /[\0\r\n]/u.test(value) ? [] : [{ name, value }];
  });
  const changed = wanted.filter(({ name, value }) => before[name] !== value).map(({ name }) => name);
  if (changed.length === 0) return [];
  const kept = (text === '' ? HEADING : text).split('\n').filter((line) => !changed.includes(nameIn(line)));
  const lines = wanted.filter(({ name }) => changed.includes(name)).map((each) => lineOf(each));
  makeFolder(dirname(file));
  writeFileAtomic(file, `${[...kept.join('\n').trimEnd().split('\n'), ...lines].join('\n')}\n`);
  return changed;
}

/** Removes what `writeServiceEnvironment` wrote, passwords among it; the file stays while it has lines of its owner. */
export function removeServiceEnvironment(home: string): void {
  const file = serviceEnvironmentPath(home);
  const text = readFileOrNull(file);
  if (text === null) return;
  const kept = text.split('\n').filter((line) => !NAMES.includes(nameIn(line)));
  if (kept.every((line) => line.trim() === '' || line.startsWith('#'))) rmSync(file, { force: true });
  else writeFileAtomic(file, kept.join('\n'));
}

function nameIn(line: string): string {
  return /^\s*(?:export\s+)?([A-Za-z_]\w*)=/u.exec(line)?.[1] ?? '';
}

function lineOf({ name, value }: { readonly name: string; readonly value: string }): string {
  return `export ${name}="${value.replaceAll(/["\\$`]/gu, String.raw`\$&`)}"`;
}

/** Reads the file; empty when there is none. @throws WatchdogError CONFIG_UNSAFE when others can write it, CONFIG_UNREADABLE */
export function readServiceEnvironment(home: string): Readonly<Record<string, string>> {
  const file = serviceEnvironmentPath(home);
  if (readFileOrNull(file) === null) return {};
  return parseEnvFile(readSecureFile(file, 'it decides where the servers are looked for').text).env;
}

/**
 * Puts the variables of the file into `environment`; those that are set there already win.
 *
 * @returns why the file could not be used, for people; null when it could, or there is none
 */
export function applyServiceEnvironment(
  home: string,
  environment: Record<string, string | undefined>,
): string | null {
  try {
    for (const [name, value] of Object.entries(readServiceEnvironment(home))) environment[name] ??= value;
    return null;
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    return `${error.message}${error.hint === null ? '' : `; ${error.hint}`}`;
  }
}

/** Lists the variables that the service lacks, or has with another value than this shell. */
export function missingInService(home: string, shell: Environment): readonly string[] {
  const { env } = parseEnvFile(readFileOrNull(serviceEnvironmentPath(home)) ?? '');
  return NAMES.filter((name) => (shell[name] ?? '') !== '' && env[name] !== shell[name]);
}
