// Memory footprints on macOS: one `top` for all processes, which takes about a second.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Ms; after this long top will never answer. */
const TIMEOUT = 20_000;

/**
 * Reads the bytes of every process, by pid, as in Activity Monitor's column "Memory". Uses `top`, because `footprint`
 * walks through the memory of each process, a tenth of a second for each. `-F` leaves out the statistics of shared
 * libraries, which cost most of its time. Above 9999M top prints whole gigabytes.
 *
 * @throws what execFile throws when top fails, is killed after 20 s or is aborted; when it prints no table
 */
export async function readFootprints(signal?: AbortSignal): Promise<Map<number, number>> {
  const { stdout } = await run('top', ['-l', '1', '-F', '-stats', 'pid,mem'], {
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 8 * 1024 * 1024,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  });
  const footprints = parseTop(stdout);
  if (footprints.size === 0) throw new Error('top printed no table of processes');
  return footprints;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/**
 * Parses the table below top's summary; of several samples the last. Lines that are not rows are left out, and so is
 * `0B`: libtop leaves 0 for a process that it may not look into, and a zombie has none.
 */
export function parseTop(text: string): Map<number, number> {
  const lines = text.split('\n');
  const heading = lines.findLastIndex((line) => /^\s*PID\s+MEM\b/.test(line));
  const footprints = new Map<number, number>();
  if (heading === -1) return footprints;
  for (const line of lines.slice(heading + 1)) {
    // A sign after a number marks growth or shrinking since the sample before.
    const [, pid, digits, unit = ''] =
      /^\s*(\d+)[*+-]?\s+(\d+(?:[.,]\d+)?)([BKMGT]?)[+-]?\s*$/.exec(line) ?? [];
    const factor = UNITS[unit];
    if (pid === undefined || digits === undefined || factor === undefined) continue;
    const bytes = Math.round(Number(digits.replace(',', '.')) * factor);
    if (bytes > 0) footprints.set(Number(pid), bytes);
  }
  return footprints;
}
