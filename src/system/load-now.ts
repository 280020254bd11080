// Modules of this program loaded at once, on the thread that waits for them.
import { createRequire } from 'node:module';

/**
 * Loads modules with all that they import, before `import()` asks for them. In Node 20 `import()` reads each file in other threads, one level after
 * the other: a command that loads fifty of them waits four hundred times for a thread to wake up. Elsewhere, and for what cannot
 * be loaded, nothing happens, and `import()` does it or says why not.
 *
 * @param from `import.meta.url` of a compiled file
 * @param modules relative to it, as compiled: `./commands/connect/run-shim.js`
 */
export function loadNow(from: string, ...modules: readonly string[]): void {
  if (!from.endsWith('.js') || !CAN_REQUIRE) return;
  try {
    const load = createRequire(from);
    for (const name of modules) load(name);
  } catch {
    // As above.
  }
}

/** In Node 24 `import()` waits for no thread, and `status` takes as long with this as without it. */
const CAN_REQUIRE = process.features.require_module && process.version.startsWith('v20.');
