// Log of one server as it grows: as a stream in two tabs at most, in others by asking now and then, as a browser opens six connections.
import { newLines } from '../model/log-tail.ts';
import type { Answer, Fault, LogLine } from '../model/wire.ts';

export interface LogSource {
  /** Follows the log; the first batch is what is there already. */
  readonly follow: (onLines: (lines: readonly LogLine[]) => void, signal: AbortSignal) => Promise<Fault>;
  readonly read: () => Promise<Answer<readonly LogLine[]>>;
}

const SLOTS = ['mcp-watchdog-log-1', 'mcp-watchdog-log-2'];
/** Ms between two readings of a tab that has no stream. */
const AGAIN = 3000;

/** Passes on batches of lines until `signal` stops it, or it cannot be read; resolves with why. */
export async function streamLog(
  { follow, read }: LogSource,
  onLines: (lines: readonly LogLine[]) => void,
  signal: AbortSignal,
): Promise<Fault> {
  let last: LogLine | null = null;
  let isFirst = true;
  function pass(lines: readonly LogLine[]): void {
    const more = isFirst ? newLines(last, lines) : lines;
    isFirst = false;
    last = lines.at(-1) ?? last;
    if (more.length > 0) onLines(more);
  }

  while (!signal.aborted) {
    isFirst = true;
    const fault = await inSlot(() => follow(pass, signal));
    if (fault !== null) return fault;
    const answer = await read();
    if (!answer.ok) return answer.fault;
    if (!signal.aborted) pass(answer.value);
    await pause(AGAIN, signal);
  }
  return { kind: 'gone', message: '' };
}

/** Null when all slots are taken. Where the browser has no locks there are none. */
async function inSlot<T>(work: () => Promise<T>): Promise<T | null> {
  if (!('locks' in navigator)) return work();
  for (const slot of SLOTS) {
    const result = await navigator.locks.request(slot, { ifAvailable: true }, (lock) =>
      lock === null ? null : work(),
    );
    if (result !== null) return result;
  }
  return null;
}

function pause(delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delay);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
