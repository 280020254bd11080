// Search of the files of clients for servers that our config has too: clients that use ours, and clients that start a copy.
import { existsSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { parsePackageRef } from '../../core/model/package.ts';
import type { ServerSpec, Source } from '../../core/model/server-spec.ts';
import { readClientFile } from '../import/client-file.ts';
import type { ClientEntry, ClientMachine, ClientName } from '../import/clients/client-format.ts';
import { CLIENTS, NAMED_CLIENTS } from '../import/clients/registry.ts';
import { readCommandLine } from '../import/command-line.ts';
import { translateEntry, type TranslatedEntry } from '../import/translate-entry.ts';
import { serverNameFrom } from '../import/merge-servers.ts';
import { readConfig } from '../load.ts';
import { documentMap, isDocumentList, valueAt } from '../schema/document.ts';
import type { DocumentValue, KeyPath } from '../schema/document.ts';

/** One entry of a client's file that is about a server of ours. */
export interface ClientUse {
  readonly client: ClientName;
  /** Absolute: the file. */
  readonly path: string;
  /** Absolute: the folder that the file belongs to; null when it counts for all projects. */
  readonly fileProject: string | null;
  /** Where the client starts it; null for everywhere. */
  readonly project: string | null;
  /** As the client writes it, and where its file has it. */
  readonly name: string;
  readonly at: KeyPath;
  readonly written: DocumentValue;
  /** Of our config. */
  readonly server: string;
  /**
   * `ours`: it uses the watchdog's. `copy`: it starts the same program, or connects to the same address, itself. `differs`: it
   * has the name of one of ours, and starts something else.
   */
  readonly kind: 'ours' | 'copy' | 'differs';
  /** Switched off in the client. */
  readonly isOff: boolean;
}

export interface UseSearch {
  readonly where: ClientMachine;
  /** Of our config, and the path of its file. */
  readonly servers: readonly ServerSpec[];
  readonly config: string;
  /** `http://127.0.0.1:9639`; null when the gateway has no TCP port. */
  readonly origin: string | null;
}

/** A file of a client, as `findUses` takes it. */
export interface ClientPlace {
  readonly client: ClientName;
  readonly path: string;
  readonly project: string | null;
}

/** Lists the places where the files of all clients may be. */
function clientPlaces(where: ClientMachine, clients: readonly ClientName[] = NAMED_CLIENTS): ClientPlace[] {
  return clients.flatMap((client) => CLIENTS[client].places(where).map((place) => ({ client, ...place })));
}

/** Searches one file; nothing when it is not there. @throws WatchdogError CONFIG_UNREADABLE */
export function findUses({ client, path, project }: ClientPlace, search: UseSearch): ClientUse[] {
  const { syntax, entries } = CLIENTS[client];
  const file = readClientFile(path, client === 'portable' ? 'either' : syntax);
  if (file === null) return [];
  return entries(file.root, { path, project }).flatMap((entry) => {
    const use = useOf(entry, client, search);
    if (use === null) return [];
    const { name, at, isOff = false } = entry;
    const written = valueAt(file.root, at) ?? null;
    return [{ client, path, fileProject: project, project: entry.project, name, at, written, isOff, ...use }];
  });
}

/** Searches all files of all clients; those that cannot be read are left out. */
export function findAllUses(search: UseSearch): ClientUse[] {
  return clientPlaces(search.where).flatMap((place) => {
    try {
      return findUses(place, search);
    } catch (error) {
      if (error instanceof WatchdogError) return [];
      throw error;
    }
  });
}

function useOf(
  entry: ClientEntry,
  client: ClientName,
  search: UseSearch,
): Pick<ClientUse, 'server' | 'kind'> | null {
  const ours = serverOfOurs(entry.written, search);
  if (ours !== null) return { server: ours, kind: 'ours' };
  if (entry.project !== null && !existsSync(entry.project)) return null;
  const translated = translateEntry(entry, { dialect: CLIENTS[client].dialect, where: search.where });
  const own = serverNameFrom(entry.name);
  const named = search.servers.find(({ name }) => name === own);
  const identity = typeof translated === 'string' ? null : identityOf(translated, search);
  const same = search.servers.filter((server) => programOf(server) === identity);
  const [match] = [...same.filter(({ name }) => name === own), ...same];
  if (match !== undefined) return { server: match.name, kind: 'copy' };
  return named === undefined ? null : { server: named.name, kind: 'differs' };
}

/** Name of the server when the entry uses the watchdog already, whichever way. */
function serverOfOurs(written: DocumentValue, { servers, origin }: UseSearch): string | null {
  const name = shimServer(written) ?? gatewayServer(written, origin);
  return servers.some((server) => server.name === name) ? name : null;
}

/** `…/cli.cjs [--home DIR] connect NAME`, `cli.js` too,, or `mcp-watchdog connect NAME`. */
function shimServer(written: DocumentValue): string | null {
  const inside = valueAt(written, ['command']);
  const args = valueAt(written, ['args']) ?? valueAt(written, ['command', 'args']);
  const words = [
    ...(isDocumentList(inside) ? inside : [inside]),
    ...(isDocumentList(args) ? args : []),
  ].filter((word) => typeof word === 'string');
  const at = words.indexOf('connect');
  const isOurs = words.slice(0, at).some((word) => /(?:^|\/)(?:mcp-watchdog|cli\.c?js)$/u.test(word));
  return at > 0 && isOurs ? (words[at + 1] ?? null) : null;
}

function gatewayServer(written: DocumentValue, origin: string | null): string | null {
  const [url] = ['url', 'serverUrl', 'httpUrl'].map((key) => valueAt(written, [key])).filter(isText);
  if (url === undefined || origin === null || !URL.canParse(url)) return null;
  const { protocol, hostname, port, pathname } = new URL(url);
  const own = new URL(origin);
  const isHere = ['127.0.0.1', 'localhost', '[::1]', own.hostname].includes(hostname);
  if (protocol !== own.protocol || port !== own.port || !isHere) return null;
  return /^\/([^/]+)\/mcp\/?$/u.exec(pathname)?.[1] ?? null;
}

function isText(value: DocumentValue | undefined): value is string {
  return typeof value === 'string';
}

/** What the entry would start if it were in our config; null when it could not be. */
function identityOf({ settings, needs }: TranslatedEntry, { where, config }: UseSearch): string | null {
  // A variable that is not set here makes no other program of it.
  const unset = needs.map(({ name }) => [name, 'http://localhost/'] as const);
  const environment = { ...Object.fromEntries(unset), ...where.environment };
  const text = JSON.stringify(documentMap([['servers', documentMap([['server', settings]])]]));
  try {
    const [server] = readConfig(text, { path: config, environment }).servers;
    return server === undefined ? null : programOf(server);
  } catch (error) {
    if (error instanceof WatchdogError) return null;
    throw error;
  }
}

/** Identifies what is started or watched, and with what. */
function programOf({ source, args, env, cwd, url, headers }: ServerSpec): string {
  const launched = source.kind === 'command' ? launchOf([...source.command, ...args], env) : null;
  const program = source.kind === 'package' ? { ...source, version: null } : (launched?.program ?? source);
  return JSON.stringify([program, launched?.args ?? args, sorted(env), cwd, url, sorted(headers)]);
}

/** A command of npx or uvx in the config starts what an entry of a client means by the package. */
function launchOf(
  argv: readonly string[],
  env: ServerSpec['env'],
): { readonly program: PackageSource; readonly args: readonly string[] } | null {
  const line = readCommandLine(argv, env);
  if (line.kind === 'command' || Object.keys(line.env).length > 0) return null;
  const { package: written, bin, interpreter, with: beside, args } = line.launch;
  const { manager, package: id, extras = [] } = parsePackageRef(written);
  const program = { kind: 'package', manager, package: id, version: null, bin } as const;
  return manager === 'pypi'
    ? { program: { ...program, python: { extras, interpreter, with: beside } }, args }
    : { program, args };
}

/** The version of a package is ours to choose. */
type PackageSource = Omit<Extract<Source, { readonly kind: 'package' }>, 'version'> & {
  readonly version: null;
};

function sorted(values: Readonly<Record<string, string>>): (readonly [string, string])[] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}
