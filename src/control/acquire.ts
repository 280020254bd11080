// Acquisition of a home by a daemon: at most one for each home, on a socket that only its owner can reach.
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { connect } from './client.ts';
import { prepareSocketPath, socketNotePath, trackFileIdentity } from './control-paths.ts';
import { acquireLock } from './lock.ts';
import type { LockAttempt } from './lock.ts';

type Lock = Extract<LockAttempt, { readonly held: true }>;

export interface AcquireOptions {
  /** `Paths.socket` */
  readonly socketPath: string;
  readonly clock: Clock;
  readonly onConnection: (socket: Socket) => void;
  /** Called when the system refuses a connection. */
  readonly onFault: (error: Error) => void;
  /** Acquired earlier: reused as long as it is still ours. */
  readonly held?: Lock;
}

/** The lock of a home, and the socket that leads to its daemon. */
export interface ControlEndpoint {
  readonly path: string;
  readonly lock: Lock;
  readonly server: Server;
  /** False once somebody has removed or replaced the lock, the socket or its note. */
  readonly isIntact: () => boolean;
}

/**
 * Takes the lock and listens on the socket.
 *
 * @throws WatchdogError LOCK_HELD with the holder's pid; HOME_UNUSABLE; CONTROL_FAILED when the socket cannot be made
 */
export async function acquireEndpoint({
  socketPath,
  clock,
  onConnection,
  onFault,
  held,
}: AcquireOptions): Promise<ControlEndpoint> {
  const path = prepareSocketPath(socketPath);
  const lock = held?.isOurs() === true ? held : await lockHome(socketPath, clock, held !== undefined);
  const server = createServer(onConnection);
  try {
    // Whose socket this was is dead: its owner would hold the lock.
    rmSync(path, { force: true });
    await listen(server, path);
  } catch (error) {
    if (lock !== held) lock.release();
    throw cannotListen(path, error);
  }
  server.on('error', onFault);
  // A socket outside the run folder is found by the note in it alone.
  const needed = [
    lock.isOurs,
    trackFileIdentity(path),
    ...(path === socketPath ? [] : [trackFileIdentity(socketNotePath(socketPath))]),
  ];
  return { path, lock, server, isIntact: () => needed.every((isThere) => isThere()) };
}

async function lockHome(socketPath: string, clock: Clock, isRenewal: boolean): Promise<Lock> {
  await refuseWhenAnswered(socketPath, clock);
  const lock = acquireLock(join(dirname(socketPath), 'lock'), { isRenewal });
  if (!lock.held) throw lockHeld(dirname(socketPath), lock.pid);
  return lock;
}

// A daemon in another container, where pids mean something else, still answers on the socket.
async function refuseWhenAnswered(socketPath: string, clock: Clock): Promise<void> {
  const other = await connect(socketPath, { clock }).catch(() => null);
  if (other === null) return;
  try {
    const { pid } = await other.request('ping', {}, { timeout: 2000 });
    throw lockHeld(dirname(socketPath), pid);
  } catch (error) {
    if (error instanceof WatchdogError && error.code === 'LOCK_HELD') throw error;
    // It hangs or speaks another protocol; the lock knows whether it lives, and its pid.
  } finally {
    other.close();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve();
    });
  });
}

function lockHeld(run: string, pid: number): WatchdogError {
  return new WatchdogError(
    'LOCK_HELD',
    `Cannot run in "${dirname(run)}": the daemon with pid ${pid} already does`,
    {
      hint: 'Ask it with mcp-watchdog status, end it with mcp-watchdog stop, or choose another home with --home DIR',
    },
  );
}

function cannotListen(path: string, cause: unknown): WatchdogError {
  const reason = messageOf(cause);
  return new WatchdogError('CONTROL_FAILED', `Cannot listen for commands on "${path}": ${reason}`, { cause });
}
