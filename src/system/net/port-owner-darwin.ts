// TCP listeners on macOS, read with lsof, which shows the processes of other users to root only.
import { execFile } from 'node:child_process';

export interface Listener {
  /** `*` for a wildcard, else as people write it. */
  readonly address: string;
  readonly pid: number;
}

/** Ms. `-b` keeps lsof from waiting for file systems that do not answer; this is the last resort. */
const TIMEOUT = 10_000;

/** Lists the listeners on a port; null when lsof itself failed. @param pids only these processes */
export function listListening(port: number, pids?: readonly number[]): Promise<Listener[] | null> {
  const among = pids === undefined ? [] : ['-a', '-p', pids.join(',')];
  const args = ['-b', '-w', '-nP', `-iTCP:${port}`, '-sTCP:LISTEN', ...among, '-Fpn'];
  return new Promise((resolve) => {
    execFile('lsof', args, { timeout: TIMEOUT, killSignal: 'SIGKILL' }, (error, stdout) => {
      // lsof exits 1 both when there is no such socket and when one of several pids is gone.
      resolve(error === null || error.code === 1 ? parseFields(stdout) : null);
    });
  });
}

/**
 * Parses `lsof -F`: one field a line, its letter first; `p` starts a process, `n` is the name of one of its sockets. A
 * last line that is cut off is left out.
 */
export function parseFields(text: string): Listener[] {
  const listeners: Listener[] = [];
  let pid: number | null = null;
  for (const line of text.split('\n').slice(0, -1)) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = /^\d+$/.test(value) ? Number(value) : null;
    const isSocket = line.startsWith('n') && /:(?:\d+|\*)$/.test(value);
    if (isSocket && pid !== null) listeners.push({ pid, address: addressOf(value) });
  }
  return listeners;
}

function addressOf(name: string): string {
  return name.slice(0, name.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
}
