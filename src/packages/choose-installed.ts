// Choice of an installed version for a wish, without asking any registry.
import type { InstalledVersion, ManagerVersions } from './manager/package-manager.ts';

export interface OnDisk {
  /** Newest first. */
  readonly installed: readonly InstalledVersion[];
  readonly current: InstalledVersion | null;
  readonly versions: ManagerVersions;
}

/** Finds the version that satisfies the wish; null when one must be fetched. A tag never leaves `current`. */
export async function chooseInstalled(
  wish: string,
  { installed, current, versions }: OnDisk,
): Promise<InstalledVersion | null> {
  const kind = await versions.wishKind(wish);
  if (kind === 'exact') return installed.find(({ version }) => versions.isSame(version, wish)) ?? null;
  if (kind === 'tag') return current;
  const { isWithin } = await versions.ranges();
  const candidates = current === null ? installed : [current, ...installed];
  return candidates.find(({ version }) => isWithin(version, wish)) ?? null;
}

/** Chooses the version to run: while it is installed, what an update or an operator chose comes before the wish. */
export async function chooseToRun(
  wish: string,
  onDisk: OnDisk,
  chosen: string | null,
): Promise<InstalledVersion | null> {
  const { installed, versions } = onDisk;
  const preferred =
    chosen === null ? undefined : installed.find(({ version }) => versions.isSame(version, chosen));
  return preferred ?? (await chooseInstalled(wish, onDisk));
}

/** Chooses what to run while the wish cannot be had: what ran last, else the newest. */
export function chooseFallback({ installed, current }: Omit<OnDisk, 'versions'>): InstalledVersion | null {
  return current ?? installed[0] ?? null;
}
