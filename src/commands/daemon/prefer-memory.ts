// V8 flags of the daemon, set before its command is loaded: loading alone has V8 optimise the loader, and its compiler stays resident.
import { deferOptimising, limitOldGeneration, limitYoungGeneration } from '../../system/v8-flags.ts';

export function preferMemory(environment: Readonly<Record<string, string | undefined>>): void {
  limitYoungGeneration(environment);
  limitOldGeneration();
  deferOptimising();
}
