// Processes of this Linux machine, as the played programs of macOS print them.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';

const TICKS = 100;
const PAGE = 4096;

/** Every process: what /proc/PID/stat says, with the start in ms since the epoch. Null for one that is gone. */
export function readProcess(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = text.lastIndexOf(')');
    const [state, ppid, pgid, session, ...rest] = text.slice(end + 2).split(' ');
    return {
      pid: Number(pid),
      name: text.slice(text.indexOf('(') + 1, end),
      state,
      ppid: Number(ppid),
      pgid: Number(pgid),
      session: Number(session),
      seconds: (Number(rest[7]) + Number(rest[8])) / TICKS,
      nice: Number(rest[12]),
      start: bootTime() + (Number(rest[15]) / TICKS) * 1000,
      residentBytes: Number(rest[17]) * PAGE,
      uid: statSync(`/proc/${pid}`).uid,
    };
  } catch {
    return null;
  }
}

export function listProcesses() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(readProcess)
    .filter((one) => one !== null);
}

/** Arguments, or variables, of a process; empty when they may not be read. */
export function wordsOf(pid, what) {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Programs that Apple signs: macOS shows nobody their environment. */
export function isApples(pid) {
  try {
    const name = basename(readlinkSync(`/proc/${pid}/exe`));
    return ['sh', 'bash', 'dash', 'sleep', 'cat', 'python3'].includes(name.replace(/\.\d+$/u, ''));
  } catch {
    return true;
  }
}

let boot;
function bootTime() {
  boot ??= Number(/^btime (\d+)$/mu.exec(readFileSync('/proc/stat', 'utf8'))?.[1]) * 1000;
  return boot;
}

/** Descriptors of a process: number to what it leads to; empty when they may not be read. */
export function descriptorsOf(pid) {
  const found = new Map();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) found.set(Number(fd), linkOf(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Another user's, or gone.
  }
  return found;
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

const STATES = { '0A': 'LISTEN', '01': 'ESTABLISHED', '08': 'CLOSE_WAIT' };

/** TCP sockets by inode: local and remote address as lsof writes them, and the state. */
export function tcpSockets() {
  const sockets = new Map();
  for (const file of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1)) {
      const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/u);
      if (inode === undefined) continue;
      const [here, there] = [local, remote].map(addressOf);
      const name = state === '0A' ? here : `${here}->${there}`;
      sockets.set(inode, { name, port: Number(here.slice(here.lastIndexOf(':') + 1)), state: STATES[state] });
    }
  }
  return sockets;
}

function addressOf(text) {
  const [address, port] = text.split(':');
  return `${hostOf(address)}:${parseInt(port, 16)}`;
}

function hostOf(hex) {
  const bytes = hex.match(/.{8}/gu).flatMap((word) => word.match(/../gu).toReversed());
  if (bytes.every((byte) => byte === '00')) return '*';
  if (bytes.length === 4) return bytes.map((byte) => parseInt(byte, 16)).join('.');
  const words = bytes.join('').match(/.{4}/gu);
  if (bytes.slice(10, 12).join('') === 'FFFF' || bytes.slice(10, 12).join('') === 'ffff')
    return `[::ffff:${bytes
      .slice(12)
      .map((byte) => parseInt(byte, 16))
      .join('.')}]`;
  return new URL(`http://[${words.join(':')}]/`).hostname;
}
