// What must be gone when the bench ends, however it ends.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is to be run, and the measure that has it run. */
const endings = new Map();
const measures = new AsyncLocalStorage();

/** Runs `act`; what it registers belongs to the measure of this name. */
export function actFor(name, act) {
  return measures.run(name, act);
}

/** Registers `end`; the returned function runs it once, at the latest when its measure ends. */
export function onEnd(end) {
  const once = async () => {
    if (endings.delete(once)) await end();
  };
  endings.set(once, measures.getStore());
  return once;
}

/** Ends what a measure has left, so that it does not run beside the next one. */
export async function endOf(name) {
  await endEach([...endings].filter(([, measure]) => measure === name).map(([end]) => end));
}

export async function endAll() {
  await endEach([...endings.keys()]);
}

/** Last in, first out: folders go after the programs that write into them. */
async function endEach(those) {
  for (const end of those.toReversed()) {
    await end().catch((error) => process.stderr.write(`clean-up: ${error.message}\n`));
  }
}

/** A folder of its own for each program, short enough for a socket in it. */
export async function temporaryFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  onEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return folder;
}
