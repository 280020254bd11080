// Which installed version a wish means, before and without asking any registry.
import valid from 'semver/functions/valid.js';

import type { InstalledVersion } from './store.ts';

export interface OnDisk {
  /** Newest first. */
  readonly installed: readonly InstalledVersion[];
  readonly current: InstalledVersion | null;
}

/** `exact`: one version. `range`: any that satisfies it. `tag`: a name that only the registry can resolve. */
export type WishKind = 'exact' | 'range' | 'tag';

/** Null when it is none of the three: a path, a URL or an option must never reach npm's command line. */
export async function wishKind(wish: string): Promise<WishKind | null> {
  // No range is a plain word: the usual `latest` is told without loading what knows ranges.
  if (/^[a-z]{2,}$/i.test(wish)) return 'tag';
  if (valid(wish) !== null) return 'exact';
  const { isRange } = await import('./npm/ranges.ts');
  if (isRange(wish)) return 'range';
  return /^[a-z][\w.-]*$/i.test(wish) ? 'tag' : null;
}

/** The version that fulfils the wish as it stands, null when one must be fetched. A tag never leaves `current`. */
export async function chooseInstalled(
  wish: string,
  { installed, current }: OnDisk,
): Promise<InstalledVersion | null> {
  const kind = await wishKind(wish);
  if (kind === 'exact') return installed.find(({ version }) => version === valid(wish)) ?? null;
  if (kind === 'tag') return current;
  const { isWithin } = await import('./npm/ranges.ts');
  const candidates = current === null ? installed : [current, ...installed];
  return candidates.find(({ version }) => isWithin(version, wish)) ?? null;
}

/** What an update or an operator chose goes before the wish, while it is there. */
export async function chooseToRun(
  wish: string,
  onDisk: OnDisk,
  chosen: string | null,
): Promise<InstalledVersion | null> {
  const preferred = onDisk.installed.find(({ version }) => version === chosen);
  return preferred ?? (await chooseInstalled(wish, onDisk));
}

/** What to run while the wish cannot be had: what ran last, else the newest. */
export function chooseFallback({ installed, current }: OnDisk): InstalledVersion | null {
  return current ?? installed[0] ?? null;
}
