// What must be gone when the bench ends, however it ends.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const endings = new Set();

/** Registers `end`; the returned function runs it once, at the latest when the bench ends. */
export function onEnd(end) {
  const once = async () => {
    if (endings.delete(once)) await end();
  };
  endings.add(once);
  return once;
}

/** Last in, first out: folders go after the programs that write into them. */
export async function endAll() {
  for (const end of [...endings].toReversed()) {
    await end().catch((error) => process.stderr.write(`clean-up: ${error.message}\n`));
  }
}

/** A folder of its own for each program, short enough for a socket in it. */
export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  onEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}
