// Import of servers from the files of MCP clients, as the text of a config; nothing is written here.
import { existsSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { SERVER_NAME } from '../../core/model/server-spec.ts';
import type { ClientEntry, ClientName, ClientFileLocation, ClientMachine } from './clients/client-format.ts';
import { CLIENTS, isClientName, NAMED_CLIENTS, recognise } from './clients/registry.ts';
import type { RequiredVariable } from './clients/references.ts';
import { readClientFile } from './client-file.ts';
import type { ClientFile } from './client-file.ts';
import { mergeServers } from './merge-servers.ts';
import type { ImportCandidate, ImportConflict, ImportedServer } from './merge-servers.ts';
import { translateEntry } from './translate-entry.ts';
import { importedConfig } from './write-yaml.ts';
import type { PendingServer } from './write-yaml.ts';
import { readConfig } from '../load.ts';
import { ConfigError } from '../read/problems.ts';
import { documentMap } from '../schema/document.ts';

export type { ClientMachine } from './clients/client-format.ts';
export type { ImportConflict, ImportedServer } from './merge-servers.ts';
export type { PendingServer } from './write-yaml.ts';

/** A file that was read. */
interface ImportSource {
  readonly client: ClientName;
  readonly path: string;
  /** How many servers it names. */
  readonly servers: number;
  readonly isWritableByOthers: boolean;
}

/** An entry that cannot be imported. */
interface SkippedEntry {
  readonly name: string;
  readonly from: string;
  readonly reason: string;
}

export interface ImportResult {
  readonly sources: readonly ImportSource[];
  /** Imported, and ready to be started. */
  readonly servers: readonly ImportedServer[];
  /** Imported as comments, until what is missing is there. */
  readonly waiting: readonly PendingServer[];
  readonly conflicts: readonly ImportConflict[];
  readonly skipped: readonly SkippedEntry[];
  /** A whole config file. It may hold secrets. */
  readonly text: string;
}

export interface ImportOptions {
  readonly where: ClientMachine;
  /** Path that the text will be written to: paths in it are relative to its folder. */
  readonly config: string;
  /** Names of servers that the config has already. */
  readonly taken?: ReadonlySet<string>;
}

/**
 * Reads, translates and merges the servers of clients.
 *
 * @param from names of clients, or paths of such files
 * @throws WatchdogError USAGE, CONFIG_UNREADABLE; nothing is half imported
 */
export function importClients(from: readonly string[], options: ImportOptions): ImportResult {
  const read = distinct(from.flatMap((each) => filesOf(each, options.where)));
  const found = read.flatMap((file) => entriesOf(file, options.where));
  const skipped = found.filter(isSkipped);
  const { servers, conflicts } = mergeServers(
    found.filter((each): each is ImportCandidate => !isSkipped(each)),
  );
  const judged = servers.map((server) => ({ server, reasons: reasonsToWait(server, options) }));
  const waiting = judged.filter(({ reasons }) => reasons.length > 0);
  const ready = judged.filter(({ reasons }) => reasons.length === 0).map(({ server }) => server);
  const parts = { servers: ready, waiting, conflicts };
  return {
    ...parts,
    sources: read.map(({ client, place, file }) => ({
      client,
      path: place.path,
      servers: CLIENTS[client].entries(file.root, place).length,
      isWritableByOthers: file.isWritableByOthers,
    })),
    skipped,
    text: importedConfig(parts),
  };
}

interface ReadFile {
  readonly client: ClientName;
  readonly place: ClientFileLocation;
  readonly file: ClientFile;
  /** It was named by its path. */
  readonly isNamed: boolean;
}

/** Finds the files that are named, by client or by path. @throws WatchdogError USAGE, CONFIG_UNREADABLE */
export function clientFiles(
  from: readonly string[],
  where: ClientMachine,
): readonly (ClientFileLocation & { readonly client: ClientName })[] {
  return distinct(from.flatMap((each) => filesOf(each, where))).map(({ client, place }) =>
    Object.assign({ client }, place),
  );
}

function distinct(files: readonly ReadFile[]): ReadFile[] {
  return files.filter(
    ({ place }, index) => files.findIndex((other) => other.place.path === place.path) === index,
  );
}

function filesOf(from: string, where: ClientMachine): ReadFile[] {
  if (isClientName(from) && from !== 'portable') return filesOfClient(from, where);
  return [fileAt(from, where)];
}

function filesOfClient(client: ClientName, where: ClientMachine): ReadFile[] {
  const { places, syntax, title } = CLIENTS[client];
  const files = places(where).flatMap((place) => {
    const file = readClientFile(place.path, syntax);
    return file === null ? [] : [{ client, place, file, isNamed: false }];
  });
  if (files.length > 0) return files;
  const looked = places(where).map(({ path }) => tildePath(path, where));
  throw new WatchdogError(
    'CONFIG_UNREADABLE',
    `Cannot import from ${title}: none of its files is there: ${looked.join(', ')}`,
    { hint: 'Name the file itself, --from PATH, when it lies elsewhere' },
  );
}

function fileAt(from: string, where: ClientMachine): ReadFile {
  const path = from.startsWith('~/') ? resolve(where.home, from.slice(2)) : resolve(where.folder, from);
  const file = readClientFile(path, 'either');
  if (file === null) throw missing(from, path);
  const client = recognise(file.root, path);
  if (client !== null)
    return { client, place: { path, project: projectOf(path, where) }, file, isNamed: true };
  throw new WatchdogError(
    'CONFIG_UNREADABLE',
    `Cannot import from ${path}: it names no servers: neither mcpServers, servers, mcp_servers nor context_servers`,
    { hint: `Name another file, or a client: ${NAMED_CLIENTS.join(', ')}` },
  );
}

/** Makes the error for a missing file; a word without a slash or a dot was meant for a client. */
function missing(from: string, path: string): WatchdogError {
  const meant = suggestSpelling(from, NAMED_CLIENTS);
  const isWord = /^[\w-]+$/.test(from);
  const hint =
    meant === null
      ? `It is one of ${NAMED_CLIENTS.join(', ')}, or the path of such a file`
      : `Did you mean ${meant}?`;
  return isWord
    ? new WatchdogError(
        'USAGE',
        `Cannot import from ${JSON.stringify(from)}: there is no such client, and no such file`,
        {
          hint,
        },
      )
    : new WatchdogError('CONFIG_UNREADABLE', `Cannot import from ${path}: there is no such file`, { hint });
}

/** Finds the project of a file: `…/site/.cursor/mcp.json` belongs to `…/site`; the same file in the home folder belongs to no project. */
function projectOf(path: string, { home }: ClientMachine): string | null {
  const [, project = null] =
    /^(.*)\/(?:\.(?:cursor|vscode|codex|zed|gemini)\/[^/]+|\.mcp\.json)$/.exec(path) ?? [];
  return project === home ? null : project;
}

function entriesOf(read: ReadFile, where: ClientMachine): (ImportCandidate | SkippedEntry)[] {
  const { dialect, entries } = CLIENTS[read.client];
  return entries(read.file.root, read.place).map((entry) => {
    const from = labelOf(entry, read, where);
    const translated = isGone(entry.project)
      ? `its project ${entry.project} is not there any more`
      : translateEntry(entry, { dialect, where });
    return typeof translated === 'string'
      ? { name: entry.name, from, reason: translated }
      : Object.assign({ writtenName: entry.name, from }, translated);
  });
}

function isSkipped(found: ImportCandidate | SkippedEntry): found is SkippedEntry {
  return 'reason' in found;
}

function isGone(project: string | null): boolean {
  return project !== null && !existsSync(project);
}

/** Names the origin: `cursor`, `claude-code in ~/work/site`, or the path that was given. */
function labelOf(
  { project }: ClientEntry,
  { client, place, isNamed }: ReadFile,
  where: ClientMachine,
): string {
  const file = isNamed ? tildePath(place.path, where) : client;
  const isTold = project === null || (isNamed && project === place.project);
  return isTold ? file : `${file} in ${tildePath(project, where)}`;
}

/** Shortens a path in the home folder to `~/work`. */
export function tildePath(path: string, { home }: Pick<ClientMachine, 'home'>): string {
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

/** Lists what keeps a server in a comment. A variable that is not set, for instance, would make the whole config unusable. */
function reasonsToWait(server: ImportedServer, { where, config, taken }: ImportOptions): string[] {
  const unset = server.needs.filter(({ name }) => where.environment[name] === undefined);
  const present = taken?.has(server.name) === true ? ['the config has a server of this name already'] : [];
  const reasons = [...present, ...server.faults, ...unset.map(needed)];
  return server.faults.length > 0 ? reasons : [...reasons, ...complaints(server, { where, config, unset })];
}

function needed({ name, question }: RequiredVariable): string {
  const asked = question === null || question === name ? '' : ` (${JSON.stringify(question)})`;
  return `needs the environment variable ${name}${asked}; set it, or write the value in its place`;
}

interface TrialOptions {
  readonly where: ClientMachine;
  readonly config: string;
  readonly unset: readonly RequiredVariable[];
}

/** Lists the problems of a config with this server alone. */
function complaints({ name, settings }: ImportedServer, { where, config, unset }: TrialOptions): string[] {
  const standIns = unset.map((need) => [need.name, 'http://localhost/'] as const);
  const environment = { ...where.environment, ...Object.fromEntries(standIns) };
  const text = JSON.stringify(
    documentMap([['servers', documentMap([[SERVER_NAME.test(name) ? name : 'server', settings]])]]),
  );
  try {
    readConfig(text, { path: config, environment });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(
      ({ path, reason, cure }) =>
        `${path.replace(/^servers\.?/, '')} ${reason}${cure === null ? '' : `; ${cure}`}`,
    );
  }
}
