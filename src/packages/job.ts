// What one server asks of the installer.
import { join } from 'node:path';

import type { ServerSpec } from '../core/model/server-spec.ts';
import type { InstallTarget } from './manager/install-error.ts';
import { openStore } from './store.ts';
import type { Store } from './store.ts';

export interface InstallJob extends InstallTarget {
  readonly server: string;
  /** An exact version, a range or a tag. */
  readonly version: string;
  readonly bin: string | null;
  readonly allowScripts: boolean;
  readonly store: Store;
  readonly signal: AbortSignal;
}

/** @throws TypeError for a server that has no package */
export function planInstall(
  { name, source, update }: ServerSpec,
  servers: string,
  signal: AbortSignal,
): InstallJob {
  if (source.kind !== 'package') throw new TypeError(`Cannot install ${name}: it is a ${source.kind} server`);
  const folder = join(servers, name);
  return {
    server: name,
    package: source.package,
    version: source.version,
    spec: `${source.package}@${source.version}`,
    bin: source.bin,
    allowScripts: update.allowScripts,
    folder,
    store: openStore(folder, source.package),
    signal,
  };
}
