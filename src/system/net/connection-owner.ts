// User at the other end of a TCP connection within this machine, from the kernel's tables of sockets.
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { isLinux } from '../platform.ts';

/** Both ends of a connection as its server sees them. */
export interface ConnectionEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * Returns the uid of the process that opened the connection. Null where there is no such table (macOS), when it has no row
 * for the client (other machine, other network namespace), and when the client has closed its socket: that row says 0.
 */
export function connectionOwner(ends: ConnectionEnds): number | null {
  if (!isLinux) return null;
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = ends;
  const client = socketName(remoteAddress, remotePort);
  const server = socketName(localAddress, localPort);
  if (client === null || server === null) return null;
  // The client's row: its local end is our remote one.
  const narrow = `${client} ${server} `;
  // A client may reach an IPv4 listener with an IPv6 socket.
  const wide = isIpv4(remoteAddress) ? `${MAPPED}${client} ${MAPPED}${server} ` : narrow;
  const row = isIpv4(remoteAddress) ? findRow('/proc/net/tcp', narrow) : null;
  return ownerIn(row ?? findRow('/proc/net/tcp6', wide));
}

/** @param row of proc_net(5): number, local, remote, state, queues, timer, retransmits, uid, timeout, inode */
function ownerIn(row: string | null): number | null {
  const [, , , , , , , uid, , inode] = row?.trim().split(/\s+/u) ?? [];
  // A socket that no process holds any more has no inode, and uid 0.
  return uid === undefined || inode === undefined || inode === '0' ? null : Number(uid);
}

const MAPPED = '0000000000000000FFFF0000';

function isIpv4(address: string): boolean {
  return address.replace(/^::ffff:/u, '').includes('.');
}

/** Writes address and port as the tables do: words in the byte order of the machine. */
export function socketName(address: string, port: number): string | null {
  const bytes = addressBytes(address);
  if (bytes === null) return null;
  const isLittle = endianness() === 'LE';
  const words: string[] = [];
  for (let index = 0; index < bytes.length; index += 4) {
    const word = bytes.slice(index, index + 4);
    words.push(Buffer.from(isLittle ? word.toReversed() : word).toString('hex'));
  }
  return `${words.join('')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** Null for an address with a zone, and for what is none. */
function addressBytes(address: string): number[] | null {
  const bare = address.replace(/^::ffff:(?=\d+\.)/u, '');
  if (/^\d+(?:\.\d+){3}$/u.test(bare)) return bare.split('.').map(Number);
  if (!/^[\da-f:]+$/iu.test(bare) || !URL.canParse(`http://[${bare}]`)) return null;
  const [head = '', tail = ''] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const front = groups(head);
  const back = groups(tail);
  return [...front, ...Array.from({ length: 16 - front.length - back.length }, () => 0), ...back];
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

/** Reads a table piece by piece until the row is found: it has one for each socket of the machine. */
function findRow(path: string, ends: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let rest = '';
    for (;;) {
      const length = readSync(descriptor, chunk);
      if (length === 0) return null;
      const text = rest + chunk.toString('latin1', 0, length);
      const start = text.indexOf(`: ${ends}`);
      const end = start === -1 ? -1 : text.indexOf('\n', start);
      // The number before the colon is of no use, its field is.
      if (end !== -1) return `0${text.slice(start, end)}`;
      rest = text.slice(start === -1 ? text.lastIndexOf('\n') + 1 : text.lastIndexOf('\n', start) + 1);
    }
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}

const CHUNK = 65_536;
