// Translation of one client entry into a server of our config, with what could not be translated.
import { resolve } from 'node:path';
import type { ClientEntry, ClientMachine } from './clients/client-format.ts';
import { readEntry } from './read-entry.ts';
import type { EntryLaunch } from './read-entry.ts';
import { rewriteReferences } from './clients/references.ts';
import type { Dialect, RequiredVariable, ReferenceContext } from './clients/references.ts';
import { launchKeys, readCommandLine } from './command-line.ts';
import { documentMap } from '../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';

/** A server in the keys of our config file. */
export interface TranslatedEntry {
  readonly settings: DocumentMap;
  readonly enabled: boolean;
  readonly needs: readonly RequiredVariable[];
  /** What was changed, or is worth knowing. */
  readonly notes: readonly string[];
  /** Why it cannot be started before somebody decides. */
  readonly faults: readonly string[];
}

export interface TranslateContext {
  readonly dialect: Dialect;
  readonly where: ClientMachine;
}

/** @returns a reason when it cannot be translated */
export function translateEntry(
  entry: ClientEntry,
  { dialect, where }: TranslateContext,
): TranslatedEntry | string {
  const launch = readEntry(entry.written);
  if (typeof launch === 'string') return launch;
  const transport = transportOf(launch);
  if ('reason' in transport) return transport.reason;
  const around: ReferenceContext = {
    home: where.home,
    project: entry.project,
    environment: where.environment,
    questions: entry.questions ?? new Map(),
  };
  const writer = new Writer(dialect, around);
  writer.notes.push(...launch.notes);
  const keys =
    transport.kind === 'stdio' ? programKeys(launch, writer) : endpointKeys(launch, writer, transport.kind);
  if (typeof keys === 'string') return keys;
  const settings = [...keys, ...startKeys(launch, transport.kind)].filter(([, value]) => !isIdle(value));
  return {
    settings: documentMap(settings),
    enabled: launch.enabled && entry.isOff !== true,
    needs: writer.needs,
    notes: writer.notes,
    faults: writer.faults,
  };
}

type Keys = (readonly [key: string, value: DocumentValue])[];
type TransportName = 'stdio' | 'http' | 'sse';

function transportOf({ argv, url, type }: EntryLaunch): { kind: TransportName } | { reason: string } {
  const word = type?.toLowerCase().replaceAll(/[^a-z]/g, '') ?? null;
  if (word === null) {
    if (argv.length > 0) return { kind: 'stdio' };
    return { kind: /\/sse\/?(?:[?#]|$)/.test(url ?? '') ? 'sse' : 'http' };
  }
  const kind = TYPES.get(word);
  if (kind === undefined) return { reason: `its type ${JSON.stringify(type)} is not known here` };
  if (kind === 'stdio' && argv.length === 0) return { reason: 'it is of type stdio and names no program' };
  if (kind !== 'stdio' && url === null) return { reason: `it is of type ${kind} and names no url` };
  return { kind };
}

const TYPES: ReadonlyMap<string, TransportName> = new Map([
  ['stdio', 'stdio'],
  ['http', 'http'],
  ['streamablehttp', 'http'],
  ['httpstream', 'http'],
  ['sse', 'sse'],
]);

function programKeys(launch: EntryLaunch, writer: Writer): Keys {
  const line = readCommandLine(launch.argv, launch.env);
  if (line.kind === 'command' && line.note !== null) writer.notes.push(line.note);
  const env = { ...line.env, ...launch.env };
  const words = line.kind === 'package' ? line.launch.args : line.argv;
  return [
    ...sourceKeys(line, writer),
    ['cwd', folderOf(launch.cwd, words, writer)],
    ['env', { ...writer.map(env), ...passedOn(launch.envNames, writer) }],
    ['envFile', fileOf(launch.envFile, writer)],
  ];
}

function sourceKeys(line: ReturnType<typeof readCommandLine>, writer: Writer): Keys {
  if (line.kind === 'command') return commandKeys(line.argv.map((word) => writer.text(word)));
  if (line.launch.package === 'mcp-remote')
    writer.notes.push('only passes on to a remote server, and may open a browser; url: would watch that one');
  return launchKeys(line.launch).map(([key, value]) => [
    key,
    typeof value === 'string' ? writer.text(value) : value.map((word) => writer.text(word)),
  ]);
}

/** Writes one list, which is easier to read; an empty argument is only allowed in `args`. */
function commandKeys(argv: readonly string[]): Keys {
  if (!argv.includes('')) return [['command', argv]];
  return [
    ['command', argv.slice(0, 1)],
    ['args', argv.slice(1)],
  ];
}

/** Finds the folder to start in: a relative path depends on the folder that the client starts it in. */
function folderOf(cwd: string | null, words: readonly string[], writer: Writer): string | null {
  const { project } = writer.around;
  if (cwd !== null) return writer.path(cwd, 'cwd');
  const relative = words.find(isRelativePath);
  if (relative === undefined) return null;
  if (project !== null) return writer.literal(project);
  writer.notes.push(`names ${relative}, which is relative to a folder that is not known; write cwd`);
  return null;
}

function isRelativePath(word: string): boolean {
  return /^\.{1,2}(?:\/|$)/.test(word) || /^[\w@][^\s:$=]*\.(?:[cm]?js|[cm]?ts|py|rb|sh|jar)$/.test(word);
}

function fileOf(file: string | null, writer: Writer): string | null {
  return file === null ? null : writer.path(file, 'envFile');
}

/** Passes variables on; one that is not set is not passed on by the client either. */
function passedOn(names: readonly string[], writer: Writer): Record<string, string> {
  const { environment } = writer.around;
  const missing = names.filter((name) => environment[name] === undefined);
  if (missing.length > 0)
    writer.notes.push(`is given ${missing.join(', ')} by the client when set; not set now`);
  return Object.fromEntries(
    names.filter((name) => !missing.includes(name)).map((name) => [name, writer.variable(name)]),
  );
}

function endpointKeys(launch: EntryLaunch, writer: Writer, kind: TransportName): Keys | string {
  const url = writer.text(launch.url ?? '');
  const [, scheme = ''] = /^([a-z][\w+.-]*):/i.exec(url) ?? [];
  if (!/^https?$/i.test(scheme) && !url.startsWith('${env:'))
    return `its url begins with ${JSON.stringify(url.slice(0, 8))}, and only http and https can be watched`;
  if (launch.type === null && kind === 'sse')
    writer.notes.push('ends in /sse, taken for the old HTTP+SSE transport');
  if (launch.signsIn)
    writer.notes.push('the client signs in to it; a probe without that counts "unauthorized" as alive');
  return [
    ['url', url],
    ['transport', kind === 'sse' ? 'sse' : null],
    ['headers', headersOf(launch, writer)],
  ];
}

function headersOf(
  { headers, headersFromEnv, bearerFromEnv }: EntryLaunch,
  writer: Writer,
): Record<string, string> {
  const bearer = bearerFromEnv === null ? {} : { Authorization: `Bearer ${writer.variable(bearerFromEnv)}` };
  const fromEnv = Object.entries(headersFromEnv).map(([header, name]) => [header, writer.variable(name)]);
  return { ...bearer, ...writer.map(headers), ...Object.fromEntries(fromEnv) };
}

/** Keeps a start timeout above our default of 30 s; a client that allows less does not stop the server then. */
function startKeys({ startTimeout }: EntryLaunch, kind: TransportName): Keys {
  if (kind !== 'stdio' || startTimeout === null || startTimeout <= 30_000 || startTimeout > 86_400_000)
    return [];
  return [['start', { timeout: `${Math.round(startTimeout / 1000)}s` }]];
}

function isIdle(value: DocumentValue): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Writes texts of the client in our form, and collects variables, notes and faults. */
class Writer {
  readonly needs: RequiredVariable[] = [];
  readonly notes: string[] = [];
  readonly faults: string[] = [];
  readonly around: ReferenceContext;
  readonly #dialect: Dialect;

  constructor(dialect: Dialect, around: ReferenceContext) {
    this.#dialect = dialect;
    this.around = around;
  }

  text(written: string): string {
    const { text, needs, unknown } = rewriteReferences(written, this.#dialect, this.around);
    for (const need of needs) this.#need(need);
    for (const reference of unknown) this.faults.push(`holds ${reference}`);
    return text;
  }

  map(written: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, this.text(value)]));
  }

  /** Resolves a path against the project; without one a relative path is a fault. */
  path(written: string, key: string): string {
    const text = this.text(written);
    const { project } = this.around;
    // An unknown reference is a fault already.
    if (/^(?:\/|~\/|~$|\$\{)/.test(text)) return text;
    if (project !== null) return this.literal(resolve(project, written));
    this.faults.push(`has ${key} ${written}, which is relative to a folder that is not known`);
    return text;
  }

  literal(written: string): string {
    return rewriteReferences(written, { pattern: null, meaningOf: (inside) => inside }, this.around).text;
  }

  variable(name: string): string {
    this.#need({ name, question: null });
    return `\${env:${name}}`;
  }

  #need(need: RequiredVariable): void {
    if (!this.needs.some(({ name }) => name === need.name)) this.needs.push(need);
  }
}
