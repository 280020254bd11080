// Search for orphans: MCP server processes of this user that nobody owns any more.
import { daemonOf, RUN_MARKER } from '../core/lifecycle/run-marker.ts';
import { type ConfiguredProgram, KNOWN_SERVERS, recogniseServer } from '../core/orphans/known-servers.ts';
import {
  type StdinPeer,
  judgeOrphan,
  type OrphanFacts,
  type OrphanTree,
  orphanTree,
} from '../core/orphans/orphans.ts';
import { processKey, type ProcessRow } from '../core/lifecycle/process-tree.ts';
import { asksForHttp, type ServerProgram, programOf } from '../core/orphans/server-program.ts';
import { checkIdentity, readBootId } from '../system/process/process-identity.ts';
import { readProcessTable, showCommand } from '../system/process/process-table.ts';
import type { ProcessInspector, ProcessSnapshot, RequestChannels } from './process-inspector.ts';
import { darwin } from './process-inspector-darwin.ts';
import { linux } from './process-inspector-linux.ts';
import { isLinux } from '../system/platform.ts';

/** A server that nobody owns, with everything that hangs on it. */
export interface Orphan {
  readonly pid: number;
  readonly startToken: string;
  readonly pgid: number;
  /** Package or program. */
  readonly name: string;
  /** Of the config, when it is one of its servers. */
  readonly server: string | null;
  /** Secrets masked, safe to print, at most 200 characters. */
  readonly command: string;
  /** Milliseconds. */
  readonly age: number | null;
  /** Of the whole tree. */
  readonly residentBytes: number | null;
  /** The orphan first, then its descendants. */
  readonly members: readonly { readonly pid: number; readonly startToken: string }[];
  readonly ownsGroup: boolean;
  /** Only what is certain may be ended. */
  readonly isCertain: boolean;
  /** Reasons why it is taken for one, and what speaks against ending it. */
  readonly because: readonly string[];
}

export interface FindOrphansOptions {
  readonly configured: readonly ConfiguredProgram[];
  /** Names of programs and packages beside the well-known ones; `*` stands for the rest of a name. */
  readonly patterns: readonly string[];
  /** Ms. */
  readonly minimumAge: number;
  /** Process records of a daemon of this home. */
  readonly registered: readonly Registered[];
  readonly inspector?: ProcessInspector;
}

interface Registered {
  readonly pid: number;
  readonly startToken: string;
  readonly marker: string;
  readonly strays: readonly { readonly pid: number; readonly startToken: string }[];
}

/**
 * Finds orphans, from one reading of the process table. Linux: small files below /proc, nothing is started; macOS: one more `ps`, and `lsof`
 * where there is a suspect.
 *
 * @throws WatchdogError PROCESS_TABLE_UNREADABLE
 */
export async function findOrphans(options: FindOrphansOptions): Promise<readonly Orphan[]> {
  const inspector = options.inspector ?? (isLinux ? linux : darwin());
  const rows = await readProcessTable();
  const snapshot: ProcessSnapshot = { rows, commands: await inspector.readCommands(rows) };
  const orphans: Orphan[] = [];
  for (const row of rows) {
    const suspect = suspectOf(row, snapshot, options);
    if (suspect === null || inspector.parentOf(row, snapshot) === 'own') continue;
    const orphan = await examine(suspect, { inspector, snapshot, options });
    if (orphan !== null) orphans.push(orphan);
  }
  return orphans;
}

export interface Suspect {
  readonly row: ProcessRow;
  readonly program: ServerProgram;
  readonly name: string;
  readonly server: string | null;
}

/** Recognises a process as an MCP server; null when it is none. */
export function suspectOf(
  row: ProcessRow,
  { commands }: ProcessSnapshot,
  options: Pick<FindOrphansOptions, 'configured' | 'patterns'>,
): Suspect | null {
  if (row.state !== 'alive' || row.pid === process.pid || row.pid === 1) return null;
  const program = programOf(commands.get(row.pid) ?? []);
  if (program === null) return null;
  const patterns = [...KNOWN_SERVERS, ...options.patterns];
  const known = recogniseServer(program, { configured: options.configured, patterns });
  return known === null ? null : { row, program, ...known };
}

interface Examination {
  readonly inspector: ProcessInspector;
  readonly snapshot: ProcessSnapshot;
  readonly options: FindOrphansOptions;
}

async function examine(suspect: Suspect, context: Examination): Promise<Orphan | null> {
  const { row, name, server } = suspect;
  const tree = orphanTree(row, context.snapshot.rows);
  const facts = await factsOf(suspect, tree, context);
  const verdict = judgeOrphan(facts, context.options.minimumAge);
  if (verdict.kind === 'none') return null;
  const memory = tree.members
    .map(({ residentBytes }) => residentBytes ?? 0)
    .reduce((sum, one) => sum + one, 0);
  return {
    pid: row.pid,
    startToken: row.startToken,
    pgid: row.pgid,
    name,
    server,
    command: showCommand(context.snapshot.commands.get(row.pid) ?? []),
    age: facts.age,
    residentBytes: memory,
    members: tree.members.map(({ pid, startToken }) => ({ pid, startToken })),
    ownsGroup: tree.ownsGroup,
    isCertain: verdict.kind === 'certain',
    because: verdict.because,
  };
}

async function factsOf(
  { row, program }: Suspect,
  tree: OrphanTree,
  { inspector, snapshot, options }: Examination,
): Promise<OrphanFacts> {
  const environment = inspector.environmentOf(row.pid);
  const pids = new Set(tree.members.map(({ pid }) => pid));
  const servers = serversOf(tree, snapshot, options);
  const channels: RequestChannels[] = [];
  for (const { row } of servers) channels.push(await inspector.channelsOf(row.pid, pids, snapshot));
  const asks = servers.some(
    (one) => asksForHttp(one.program.rest) || wantsHttp(inspector.environmentOf(one.row.pid)),
  );
  return {
    parent: inspector.parentOf(row, snapshot),
    age: inspector.ageOf(row),
    daemon: daemonState(row, environment.get(RUN_MARKER), options.registered),
    ...(await inspector.sessionFactsOf(row, snapshot)),
    leadsGroup: row.pid === row.pgid,
    input: worstOf(channels.map(({ input }) => input)),
    isHttp: asks || anyOf(channels.map(({ listens }) => listens)),
    isUsed: anyOf(channels.map(({ isUsed }) => isUsed)),
    lostWrapper: lostWrapper(program, environment),
  };
}

/** Picks the servers of the tree: where npx or a shell is in front, the server itself is what takes requests. */
function serversOf(tree: OrphanTree, snapshot: ProcessSnapshot, options: FindOrphansOptions): Suspect[] {
  const found = tree.members
    .map((row) => suspectOf(row, snapshot, options))
    .filter((suspect) => suspect !== null);
  const servers = found.filter(({ program }) => !program.isWrapper);
  return servers.length > 0 ? servers : found;
}

/** Tells whether the daemon of its marker lives. One that cannot be told counts as alive: then it is not ours to judge. */
function daemonState(
  row: ProcessRow,
  inherited: string | undefined,
  registered: readonly Registered[],
): OrphanFacts['daemon'] {
  const written = registered.find((one) => [one, ...one.strays].some((known) => isOne(known, row)));
  const marker = inherited ?? written?.marker;
  if (marker === undefined) return 'none';
  const daemon = daemonOf(marker);
  if (daemon === null) return 'alive';
  const verdict = checkIdentity({ ...daemon, bootId: readBootId() });
  return verdict === 'gone' || verdict === 'recycled' ? 'dead' : 'alive';
}

function isOne(known: { readonly pid: number; readonly startToken: string }, row: ProcessRow): boolean {
  return processKey(known) === processKey(row);
}

const SEVERITY: readonly StdinPeer[] = ['held', 'unknown', 'null', 'gone'];

function worstOf(inputs: readonly StdinPeer[]): StdinPeer {
  return SEVERITY.find((input) => inputs.includes(input)) ?? 'unknown';
}

function anyOf(answers: readonly (boolean | null)[]): boolean | null {
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

function wantsHttp(environment: ReadonlyMap<string, string>): boolean {
  return [...environment].some(
    ([name, value]) => /(?:^|_)TRANSPORT(?:_|$)/iu.test(name) && /http|sse|stream/iu.test(value),
  );
}

/** Folders where npx and uvx keep what they fetch for one call. */
const FETCHED = /\/_npx\/[^/]+\/|\/uv\/archive-v\d+\//u;

/** Tells whether npx or uvx started it and is gone: npx marks its children, and ends only after them. */
function lostWrapper({ names, file }: ServerProgram, environment: ReadonlyMap<string, string>): boolean {
  if (file !== null && FETCHED.test(file)) return true;
  if (environment.get('npm_lifecycle_event') !== 'npx') return false;
  const [, started = ''] = /^'?([^\s']+)/u.exec(environment.get('npm_lifecycle_script') ?? '') ?? [];
  return names.includes(started.slice(started.lastIndexOf('/') + 1));
}
