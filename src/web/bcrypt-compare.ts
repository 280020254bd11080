// How a password is compared with its hash: in a process of its own, because it would hold up the daemon's loop.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('bcrypt-child.js', import.meta.url));

/** The costliest hash that a web config may hold takes some seconds. */
const TIMEOUT = 30_000;

/**
 * The asynchronous form of bcryptjs works in the same thread, 0.1 s and more at a stretch, and a thread of our own would
 * stay in memory. The password goes through a pipe: arguments and environment can be seen by others.
 *
 * @throws what execFile throws when the process could not be started or did not come to an end
 */
export function compareInChild(password: string, hash: string, program = PROGRAM): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options = { env: {}, timeout: TIMEOUT, killSignal: 'SIGKILL', maxBuffer: 1024 } as const;
    const child = execFile(process.execPath, [program], options, (error, output) => {
      if (error === null) resolve(output === 'true');
      else reject(error);
    });
    // When it cannot be written the process has ended, and how it ended tells more.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ password, hash }));
  });
}
