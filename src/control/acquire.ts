// Acquisition of a home by a daemon: at most one for each home, on a socket that only its owner can reach.
import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { WatchdogError } from '../core/base/errors.ts';
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { connect } from './client.ts';
import {
  acquireFallbackLock,
  acquireHomeLock,
  isDiskTrouble,
  prepareFallbackSocket,
} from './fallback-place.ts';
import { prepareSocketPath } from './control-paths.ts';
import { trackFileIdentity } from './file-identity.ts';
import { socketNotePath } from './find-socket.ts';
import type { LockAttempt } from './lock.ts';

type Lock = Extract<LockAttempt, { readonly held: true }>;

export interface AcquireOptions {
  /** `Paths.socket` */
  readonly socketPath: string;
  readonly clock: Clock;
  readonly onConnection: (socket: Socket) => void;
  /** Called when the system refuses a connection. */
  readonly onFault: (error: Error) => void;
  /** Acquired earlier, in the same place: reused as long as it is still ours. */
  readonly held?: Lock;
  /** This process owns the home already. */
  readonly isRenewal?: boolean;
}

/** The lock of a home, and the socket that leads to its daemon. */
export interface ControlEndpoint {
  readonly path: string;
  readonly lock: Lock;
  readonly server: Server;
  /** False once somebody has removed or replaced the lock, the socket or its note. */
  readonly isIntact: () => boolean;
  /** Why they are among the temporary files: the home takes no writes; null when they are in the home. */
  readonly trouble: unknown;
}

/**
 * Takes the lock and listens on the socket, among the temporary files when the disk of the home takes no writes.
 *
 * @throws WatchdogError LOCK_HELD with the holder's pid; HOME_UNUSABLE; CONTROL_FAILED when the socket cannot be made
 */
export async function acquireAnyEndpoint(options: AcquireOptions): Promise<ControlEndpoint> {
  try {
    return await acquireEndpoint(options);
  } catch (trouble) {
    if (!isDiskTrouble(trouble)) throw trouble;
    return await acquireFallbackEndpoint(options, trouble);
  }
}

/** The same, in the home only. @throws what `acquireAnyEndpoint` throws, and whatever the disk refuses with */
export async function acquireEndpoint(options: AcquireOptions): Promise<ControlEndpoint> {
  const { socketPath } = options;
  const path = prepareSocketPath(socketPath);
  // A socket outside the run folder is found by the note in it alone.
  const notes = path === socketPath ? [] : [trackFileIdentity(socketNotePath(socketPath))];
  const endpoint = await acquire(options, { path, acquireLock: acquireHomeLock });
  const isIntact = () => endpoint.isIntact() && notes.every((isThere) => isThere());
  return { ...endpoint, isIntact, trouble: null };
}

/** The same, among the temporary files. @param trouble why not in the home */
export async function acquireFallbackEndpoint(
  options: AcquireOptions,
  trouble: unknown,
): Promise<ControlEndpoint> {
  const path = prepareFallbackSocket(options.socketPath);
  return { ...(await acquire(options, { path, acquireLock: acquireFallbackLock })), trouble };
}

interface Place {
  readonly path: string;
  readonly acquireLock: typeof acquireHomeLock;
}

async function acquire(
  { socketPath, clock, onConnection, onFault, held, isRenewal = held !== undefined }: AcquireOptions,
  { path, acquireLock }: Place,
): Promise<Omit<ControlEndpoint, 'trouble'>> {
  const lock = held?.isOurs() === true ? held : await lockHome();
  const server = createServer(onConnection);

  async function lockHome(): Promise<Lock> {
    await refuseWhenAnswered(socketPath, clock, isRenewal);
    const attempt = acquireLock(socketPath, { isRenewal });
    if (!attempt.held) throw lockHeld(dirname(socketPath), attempt.pid);
    return attempt;
  }

  try {
    // Whose socket this was is dead: its owner would hold the lock.
    rmSync(path, { force: true });
    await listen(server, path);
  } catch (error) {
    if (lock !== held) lock.release();
    throw cannotListen(path, error);
  }
  server.on('error', onFault);
  const isSocketThere = trackFileIdentity(path);
  return { path, lock, server, isIntact: () => lock.isOurs() && isSocketThere() };
}

// A daemon in another container, where pids mean something else, still answers on the socket.
async function refuseWhenAnswered(socketPath: string, clock: Clock, isRenewal: boolean): Promise<void> {
  const other = await connect(socketPath, { clock }).catch(() => null);
  if (other === null) return;
  try {
    const { pid } = await other.request('ping', {}, { timeout: 2000 });
    // Our own socket among the temporary files, while we return to the home.
    if (isRenewal && pid === process.pid) return;
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
