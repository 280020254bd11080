// Check for a newer release of the watchdog itself, which is only reported and never installed by us.
import { NO_UPDATES } from '../core/model/update.ts';
import { checkVersions } from './check-versions.ts';
import type { ManagerRun } from './manager/package-manager.ts';
import { npmManager } from './npm/npm-manager.ts';

/** `unknown`: the registry could not be asked, or does not know us. */
export type ReleaseAnswer =
  | { readonly kind: 'newest' }
  | { readonly kind: 'newer'; readonly version: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface OwnRelease {
  readonly package: string;
  readonly version: string;
  /** The version of the node that would run it. */
  readonly node: string;
}

/** Finds the newest release that this node can run and that is not deprecated. Never throws for what the registry does. */
export async function findNewerRelease(own: OwnRelease, run: ManagerRun): Promise<ReleaseAnswer> {
  const running = npmManager.versions.canonical(own.version);
  if (running === null) return { kind: 'unknown', reason: `${own.version} is no version` };
  const { candidate, error } = await checkVersions(
    {
      manager: npmManager,
      package: own.package,
      running,
      wish: 'latest',
      kind: 'tag',
      range: '*',
      minimumAge: 0,
      memory: NO_UPDATES,
      ignoreEngines: false,
    },
    { ...run, runtime: own.node },
  );
  if (error !== null) return { kind: 'unknown', reason: error };
  return candidate === null ? { kind: 'newest' } : { kind: 'newer', version: candidate };
}
