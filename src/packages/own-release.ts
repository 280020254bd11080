// Whether there is a newer release of the watchdog itself: it is only ever told, and never installed by us.
import valid from 'semver/functions/valid.js';

import { NO_UPDATES } from '../core/model/update.ts';
import { checkVersions } from './check-versions.ts';
import type { NpmRun } from './npm/npm-command.ts';

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

/** The newest that this node can run and that is not deprecated. Never throws for what the registry does. */
export async function findNewerRelease(own: OwnRelease, run: NpmRun): Promise<ReleaseAnswer> {
  const running = valid(own.version);
  if (running === null) return { kind: 'unknown', reason: `${own.version} is no version` };
  const asked: Parameters<typeof checkVersions>[1] = {
    running,
    wish: 'latest',
    kind: 'tag',
    range: '*',
    minimumAge: 0,
    node: own.node,
    memory: NO_UPDATES,
  };
  const { candidate, error } = await checkVersions(own.package, asked, run);
  if (error !== null) return { kind: 'unknown', reason: error };
  return candidate === null ? { kind: 'newest' } : { kind: 'newer', version: candidate };
}
