// Owner of a TCP port: our own server, a foreign process that blocks its start, or nobody.
import type { Clock } from '../time/clock.ts';
import { connect } from 'node:net';
import * as darwin from './port-owner-darwin.ts';
import * as linux from './port-owner-linux.ts';
import { commandOf } from '../process/process-table.ts';
import { isLinux } from '../platform.ts';

/** Both null: a process listens that this user may not see. */
export interface PortOwner {
  readonly pid: number | null;
  /** The command line, safe to print. */
  readonly command: string | null;
}

/**
 * Finds the process that accepts connections on a port.
 *
 * @param host considers only listeners that answer at this address; a wildcard one does unless a narrower one exists
 * @returns null when nobody listens
 */
export async function findPortOwner(port: number, host?: string): Promise<PortOwner | null> {
  const pid = isLinux ? await findOnLinux(port, host) : await findElsewhere(port, host);
  if (pid === undefined) return null;
  return pid === null ? { pid: null, command: null } : { pid, command: await commandOf(pid) };
}

/** Checks from outside whether connections are accepted: a hundred times cheaper than the tables of the system. */
export function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    // On the same machine no living listener is slower.
    socket.setTimeout(1000, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

/**
 * Checks whether one of `pids` listens on the port, by their descriptors only.
 *
 * @returns false also when nobody listens; null when the system does not tell
 */
export async function ownsPort(
  port: number,
  pids: readonly number[],
  host?: string,
): Promise<boolean | null> {
  if (pids.length === 0) return false;
  return isLinux ? ownsOnLinux(port, pids, host) : ownsElsewhere(port, pids, host);
}

/** Checks whether the result still holds, without reading the tables of the system again. */
export type PortProof = () => boolean;

/**
 * As `ownsPort`, with a cheap proof for the next checks: on Linux the descriptor of the listening socket, elsewhere only
 * the time, because there each check costs a tenth of a second of CPU.
 *
 * @returns a proof when one of `pids` listens; else the result of `ownsPort`
 */
export async function proveOwner(
  port: number,
  pids: readonly number[],
  clock: Clock,
): Promise<PortProof | boolean | null> {
  if (!isLinux) {
    const isOwned = await ownsPort(port, pids);
    const validUntil = clock.monotonic() + PROOF_LIFETIME;
    return isOwned === true ? () => clock.monotonic() < validUntil : isOwned;
  }
  const inodes = inodesOf(linux.listListening(port));
  const found = pids.map((pid) => linux.findDescriptor(pid, inodes));
  const descriptor = found.find((one) => one !== undefined && one !== null);
  if (descriptor !== undefined && descriptor !== null) return () => linux.isStillThere(descriptor);
  return found.includes(null) ? null : false;
}

const PROOF_LIFETIME = 600_000;

async function findOnLinux(port: number, host: string | undefined): Promise<number | null | undefined> {
  const sockets = answeringAt(linux.listListening(port), host);
  return sockets.length === 0 ? undefined : linux.findHolder(inodesOf(sockets));
}

async function findElsewhere(port: number, host: string | undefined): Promise<number | null | undefined> {
  const [listener] = answeringAt((await darwin.listListening(port)) ?? [], host);
  if (listener !== undefined) return listener.pid;
  return (await isListening(port, host)) ? null : undefined;
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

/** Of several listeners on one port, those with the narrowest address get the connection. */
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
  const hosts = notationsOf(host);
  if (hosts.includes(address)) return 3;
  const isV4 = hosts.some((notation) => /^[\d.]+$/.test(notation));
  if (address === '*' || address === '0.0.0.0') return isV4 || address === '*' ? 2 : 0;
  // An IPv6 wildcard accepts IPv4 connections too, unless configured otherwise, which the tables do not show.
  return address === '::' ? 1 : 0;
}

function notationsOf(host: string): string[] {
  const bare = host.replaceAll(/[[\]]/g, '').toLowerCase();
  if (bare === 'localhost') return ['127.0.0.1', '::1', ...mapped('127.0.0.1')];
  if (/^\d+(?:\.\d+){3}$/.test(bare)) return [bare, ...mapped(bare)];
  return bare.includes(':') ? [new URL(`http://[${bare}]`).hostname.slice(1, -1)] : [bare];
}

function mapped(address: string): string[] {
  return [new URL(`http://[::ffff:${address}]`).hostname.slice(1, -1)];
}
