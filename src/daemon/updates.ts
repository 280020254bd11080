// The updates, wired to packages, canaries, the schedule and what is remembered.
import type { Outlook, UpdateAnswer } from '../core/update.ts';
import { WatchdogError } from '../core/errors.ts';

export interface Updates {
  /** Asks the registry, one package after the other. Without names, all. @throws WatchdogError UNKNOWN_SERVER */
  check(names: readonly string[]): Promise<readonly Outlook[]>;
  /** @param to a version, with one name only; null for the best there is */
  update(
    names: readonly string[],
    options: { readonly to: string | null; readonly dryRun: boolean },
  ): Promise<readonly UpdateAnswer[]>;
  rollback(names: readonly string[], options: { readonly dryRun: boolean }): Promise<readonly UpdateAnswer[]>;
}

export function openUpdates(): Updates {
  const refuse = (): never => {
    throw new WatchdogError('CONTROL_FAILED', 'Cannot update yet');
  };
  return { check: refuse, update: refuse, rollback: refuse };
}
