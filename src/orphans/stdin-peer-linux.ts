// Other end of a process's stdin on Linux: held, closed, or not to be seen.
import { readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StdinPeer } from '../core/orphans/orphans.ts';
import { codeOf } from '../core/base/guards.ts';
import { readFileOrNull } from '../system/files/read-file.ts';

/** Processes read between two turns of the event loop. */
const CHUNK = 20;

/**
 * Tells whether anybody else holds the other end of its stdin.
 *
 * @param tree pids whose own ends do not count
 * @param others pids of this user that may hold the other end
 */
export async function stdinStateOf(
  pid: number,
  tree: ReadonlySet<number>,
  others: Iterable<number>,
): Promise<StdinPeer> {
  const target = linkOf(`/proc/${pid}/fd/0`);
  if (target === null) return isClosed(pid) ? 'null' : 'unknown';
  if (target === '/dev/null') return 'null';
  const [, kind, inode = ''] = /^(pipe|socket):\[(\d+)\]$/u.exec(target) ?? [];
  if (kind === 'socket') return socketPeerState(inode, readFileOrNull(`/proc/${pid}/net/unix`));
  if (kind === 'pipe') return await writersOf(target, tree, others);
  // The terminal was closed, and cannot be opened again.
  return /^\/dev\/(?:pts\/\d+|tty\w*) \(deleted\)$/u.test(target) ? 'gone' : 'held';
}

/**
 * Reads the state of one of two connected sockets from /proc/net/unix. Each end holds a reference to the other for
 * as long as it is open: a socket that has only its own two has lost its peer.
 */
export function socketPeerState(inode: string, table: string | null): StdinPeer {
  const sockets = (table ?? '').split('\n').slice(1).map(parseSocket);
  // A system that counts otherwise shows no connected pair with three.
  const isCounting = sockets.some(({ isConnected, references }) => isConnected && references >= 3);
  const own = sockets.find((socket) => socket.inode === inode);
  if (own === undefined || !own.isConnected || !isCounting) return 'unknown';
  return own.references === 2 ? 'gone' : own.references > 2 ? 'held' : 'unknown';
}

const STREAM = '0001';
const CONNECTED = '03';

function parseSocket(line: string): { inode: string; references: number; isConnected: boolean } {
  const [, references = '', , , type, state, inode = ''] = line.trim().split(/\s+/u);
  return {
    inode,
    references: Number.parseInt(references, 16),
    isConnected: type === STREAM && state === CONNECTED,
  };
}

async function writersOf(
  pipe: string,
  tree: ReadonlySet<number>,
  others: Iterable<number>,
): Promise<StdinPeer> {
  let checked = 0;
  for (const pid of others) {
    if (tree.has(pid)) continue;
    checked += 1;
    if (checked % CHUNK === 0) await nextTurn();
    if (writes(pid, pipe)) return 'held';
  }
  // A relay passes on what others write, and belongs to root: its descriptors cannot be seen.
  return (await hasRelay()) ? 'unknown' : 'gone';
}

function writes(pid: number, pipe: string): boolean {
  return namesIn(`/proc/${pid}/fd`).some(
    (fd) => linkOf(`/proc/${pid}/fd/${fd}`) === pipe && isOpenForWriting(`/proc/${pid}/fdinfo/${fd}`),
  );
}

/** `flags` are those of open(2), in octal; the last two bits are 0 for reading only. */
function isOpenForWriting(path: string): boolean {
  const flags = /^flags:\s*([0-7]+)/mu.exec(readFileOrNull(path) ?? '')?.[1];
  return flags === undefined || (Number.parseInt(flags, 8) & 3) !== 0;
}

const RELAYS = /^(?:sshd.*|sudo|su|doas|runuser|init|Relay.*)$/u;

async function hasRelay(): Promise<boolean> {
  for (const [index, pid] of namesIn('/proc').entries()) {
    if (index % (CHUNK * 5) === 0) await nextTurn();
    if (!/^\d+$/u.test(pid) || !RELAYS.test(readFileOrNull(`/proc/${pid}/comm`)?.trim() ?? '')) continue;
    // The one that only waits for new sessions is a child of pid 1, and pid 1 itself passes nothing on.
    const isDaemon = pid === '1' || /\) \S 1 /u.test(readFileOrNull(`/proc/${pid}/stat`) ?? '');
    if (!isDaemon && !isReadable(`/proc/${pid}/fd`)) return true;
  }
  return false;
}

function isReadable(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

/** Tells whether it has no descriptor 0, rather than one that is hidden from us. */
function isClosed(pid: number): boolean {
  try {
    return !readdirSync(`/proc/${pid}/fd`).includes('0');
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
