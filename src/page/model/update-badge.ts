// Badge beside a version: what can be installed, is being installed, or is held.
import { span } from '../../core/base/format.ts';
import type { PageServer } from '../../core/status/page-status.ts';

export interface Badge {
  readonly text: string;
  readonly title: string;
  /** True for what can be done or is being done now. */
  readonly isNews: boolean;
}

/** `↑ 4.2.0`, `from 4.1.1`, `held 5.0.0`; null when nothing is to be said. */
export function updateBadge({ update }: PageServer, now: number): Badge | null {
  if (update === null) return null;
  const { progress, outlook, memory } = update;
  if (progress !== null) {
    const left = progress.until === null ? '' : `, ${span(progress.until - now)} left`;
    const title = `${progress.phase.replaceAll('_', ' ')}: ${progress.from} → ${progress.to}${left}`;
    return progress.phase === 'probation'
      ? { text: `from ${progress.from}`, title, isNews: true }
      : { text: `→ ${progress.to}`, title, isNews: true };
  }
  const candidate = outlook?.candidate ?? null;
  const hasFailed = memory.bad.some(({ version }) => version === candidate);
  if (candidate !== null && candidate !== outlook?.running && !hasFailed)
    return { text: `↑ ${candidate}`, title: `${candidate} can be installed`, isNews: true };
  const held = outlook?.held[0];
  if (held !== undefined) return { text: `held ${held.version}`, title: held.detail, isNews: false };
  return memory.pinned === null
    ? null
    : { text: 'pinned', title: `pinned to ${memory.pinned}`, isNews: false };
}
