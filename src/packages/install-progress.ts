// Progress of an installation: its folder is measured while it grows, since package tools say nothing when piped.
import type { Clock } from '../system/time/clock.ts';
import type { InstallGrowth, PackageManager } from './manager/package-manager.ts';

/** Ms. */
const EVERY = 1_000;

export interface GrowthWatch {
  readonly measure: PackageManager['measure'];
  readonly clock: Clock;
  /** @param elapsed ms since the watch began */
  readonly onGrowth: (growth: InstallGrowth, elapsed: number) => void;
}

/** Measures `folder` about once a second and reports each change; the returned function ends it. */
export function watchGrowth(folder: string, { measure, clock, onGrowth }: GrowthWatch): () => void {
  const start = clock.monotonic();
  let last: InstallGrowth = { packages: 0, bytes: 0 };
  const wake = (): void => void look();
  let cancel = clock.after(EVERY, wake);
  let isEnded = false;

  async function look(): Promise<void> {
    const began = clock.monotonic();
    const growth = await measure(folder);
    if (isEnded) return;
    if (growth.packages > 0 && growth.bytes !== last.bytes) onGrowth(growth, clock.monotonic() - start);
    last = growth;
    // A big tree on a slow disk is measured less often: measuring must not slow the installation.
    cancel = clock.after(Math.max(EVERY, 5 * (clock.monotonic() - began)), wake);
  }

  return () => {
    isEnded = true;
    cancel();
  };
}

/** Formats `87 packages, 45.2 MiB, 6 s`. */
export function describeGrowth({ packages, bytes }: InstallGrowth, elapsed: number): string {
  const size = `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return `${packages} ${packages === 1 ? 'package' : 'packages'}, ${size}, ${Math.round(elapsed / 1000)} s`;
}
