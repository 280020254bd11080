// Who listens on a TCP port: the server that we started, a stranger that keeps it from starting, or nobody.
import * as darwin from './port-owner-darwin.ts';
import * as linux from './port-owner-linux.ts';
import { commandOf } from './process-table.ts';

/** Both null: somebody listens whom this user may not see. */
export interface PortOwner {
  readonly pid: number | null;
  /** The command line, safe to print. */
  readonly command: string | null;
}

const isLinux = process.platform === 'linux';

/**
 * @param host only who would answer at this address counts; a wildcard listener does, unless a narrower one is there
 * @returns null when nobody listens
 */
export async function whoListens(port: number, host?: string): Promise<PortOwner | null> {
  const pid = isLinux ? await findOnLinux(port, host) : await findElsewhere(port, host);
  if (pid === undefined) return null;
  return pid === null ? { pid: null, command: null } : { pid, command: await commandOf(pid) };
}

/** Cheap enough to be asked before every start: no process is looked at. */
export async function isListening(port: number, host?: string): Promise<boolean> {
  if (isLinux) return answeringAt(linux.listListening(port), host).length > 0;
  return darwin.takesConnections(port, host ?? '127.0.0.1');
}

/**
 * Whether one of `pids` listens on the port; looks at their descriptors only.
 *
 * @returns false also when nobody listens; null when the system would not tell
 */
export async function ownsPort(
  port: number,
  pids: readonly number[],
  host?: string,
): Promise<boolean | null> {
  if (pids.length === 0) return false;
  return isLinux ? ownsOnLinux(port, pids, host) : ownsElsewhere(port, pids, host);
}

async function findOnLinux(port: number, host: string | undefined): Promise<number | null | undefined> {
  const sockets = answeringAt(linux.listListening(port), host);
  return sockets.length === 0 ? undefined : linux.findHolder(inodesOf(sockets));
}

async function findElsewhere(port: number, host: string | undefined): Promise<number | null | undefined> {
  const [listener] = answeringAt((await darwin.listListening(port)) ?? [], host);
  if (listener !== undefined) return listener.pid;
  return (await darwin.takesConnections(port, host ?? '127.0.0.1')) ? null : undefined;
}

function ownsOnLinux(port: number, pids: readonly number[], host: string | undefined): boolean | null {
  const inodes = inodesOf(answeringAt(linux.listListening(port), host));
  if (inodes.size === 0) return false;
  const answers = new Set(pids.map((pid) => linux.holdsAny(pid, inodes)));
  if (answers.has(true)) return true;
  return answers.has(null) ? null : false;
}

async function ownsElsewhere(
  port: number,
  pids: readonly number[],
  host: string | undefined,
): Promise<boolean | null> {
  const listeners = await darwin.listListening(port);
  if (listeners === null) return null;
  return answeringAt(listeners, host).some((listener) => pids.includes(listener.pid));
}

function inodesOf(sockets: readonly linux.ListeningSocket[]): Set<string> {
  return new Set(sockets.map((socket) => socket.inode));
}

/** Of several listeners on one port, those at the narrowest address get the connection. */
function answeringAt<L extends { readonly address: string }>(
  listeners: readonly L[],
  host: string | undefined,
): L[] {
  if (host === undefined) return [...listeners];
  const ranks = listeners.map((listener) => rankAt(listener.address, host));
  const best = Math.max(0, ...ranks);
  return best === 0 ? [] : listeners.filter((_, index) => ranks[index] === best);
}

/** How narrowly `address` covers `host`: 0 not at all, 3 exactly. */
function rankAt(address: string, host: string): number {
  const hosts = spellings(host);
  if (hosts.includes(address)) return 3;
  const isV4 = hosts.some((spelling) => /^[\d.]+$/.test(spelling));
  if (address === '*' || address === '0.0.0.0') return isV4 || address === '*' ? 2 : 0;
  // An IPv6 wildcard takes IPv4 connections too, unless it was told not to, which the tables do not show.
  return address === '::' ? 1 : 0;
}

function spellings(host: string): string[] {
  const bare = host.replaceAll(/[[\]]/g, '').toLowerCase();
  if (bare === 'localhost') return ['127.0.0.1', '::1', ...mapped('127.0.0.1')];
  if (/^\d+(?:\.\d+){3}$/.test(bare)) return [bare, ...mapped(bare)];
  return bare.includes(':') ? [new URL(`http://[${bare}]`).hostname.slice(1, -1)] : [bare];
}

function mapped(address: string): string[] {
  return [new URL(`http://[::ffff:${address}]`).hostname.slice(1, -1)];
}
