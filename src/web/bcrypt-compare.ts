// Comparison of a password with its bcrypt hash in a child process, because it would block the daemon's event loop.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('bcrypt-child.js', import.meta.url));

/** The costliest hash that a web config may hold takes some seconds. */
const TIMEOUT = 30_000;

/**
 * Compares in a child process. The asynchronous form of bcryptjs works in the same thread, 0.1 s and more at a stretch, and
 * a worker thread would stay in memory. The password goes through a pipe: arguments and environment are visible to others.
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
    // When the pipe is broken the process has ended, and its exit tells more.
    child.stdin?.on('error', () => {});
    child.stdin?.end(JSON.stringify({ password, hash }));
  });
}
