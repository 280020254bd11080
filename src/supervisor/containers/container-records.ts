// Records of the containers that were started, on disk for the daemon after this one.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { writeFileAtomic } from '../../system/files/write-file-atomic.ts';
import { isContainerId, type EngineAddress } from './container-engine.ts';

export interface ContainerRecord extends EngineAddress {
  readonly server: string;
  readonly label: string;
  readonly isRemoved: boolean;
  /** Where the client writes the id; null where it cannot. */
  readonly cidfile: string | null;
}

/** Variables by which a client finds its engine; nothing else of a server's environment is written down. */
const KEPT =
  /^(?:DOCKER_(?:HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY|API_VERSION)|CONTAINER_(?:HOST|CONNECTION|SSHKEY)|CONTAINERS_\w+|HOME|PATH|USER|XDG_\w+|TMPDIR|SSH_AUTH_SOCK)$/u;

/** Keeps what a client needs to reach its engine. */
export function engineEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => KEPT.test(name)));
}

/** Writes a record before its container is started. @throws the system's error */
export function writeRecord(path: string, record: ContainerRecord): void {
  writeFileAtomic(path, `${JSON.stringify({ version: 1, ...record })}\n`, { durable: false });
}

/** Makes the folder of the records. @throws the system's error */
export function makeRecordFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Reads the records of an earlier daemon, each with its path; those that are damaged are left out. */
export function readRecords(folder: string): { readonly path: string; readonly record: ContainerRecord }[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const path = join(folder, name);
      const record = parseJson(readFileOrNull(path) ?? '');
      return isRecord(record) ? [{ path, record }] : [];
    });
}

/** Removes a record and the file of its id. */
export function removeRecord(path: string, cidfile: string | null): void {
  for (const file of [cidfile, path]) if (file !== null) rmSync(file, { force: true });
}

/** Reads the id that the client has written; null while it has not. */
export function readContainerId(cidfile: string | null): string | null {
  const text = cidfile === null ? '' : (readFileOrNull(cidfile) ?? '').trim();
  return isContainerId(text) ? text : null;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is ContainerRecord {
  if (!isObject(value)) return false;
  const { server, label, isRemoved, cidfile, client, env } = value;
  return (
    typeof server === 'string' &&
    typeof label === 'string' &&
    typeof isRemoved === 'boolean' &&
    (cidfile === null || typeof cidfile === 'string') &&
    Array.isArray(client) &&
    client.length > 0 &&
    client.every((word) => typeof word === 'string') &&
    isObject(env) &&
    Object.values(env).every((each) => typeof each === 'string')
  );
}
