// V8 flags for a small heap: the daemon lives for months and allocates little.
import { setFlagsFromString } from 'node:v8';

/**
 * Limits V8's young generation to its smallest size; by default each half of it grows to 16 MiB and shrinks only after a
 * long idle time. Measured: 5 to 10 MB less with one server, about 30 MB less with a hundred. To be called before other
 * modules are loaded; a size in NODE_OPTIONS wins.
 */
export function limitYoungGeneration(environment: Readonly<Record<string, string | undefined>>): void {
  const isChosen = environment['NODE_OPTIONS']?.includes('semi-space') ?? false;
  if (isChosen) return;
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--semi-space-growth-factor=1');
}
