// Update under way in one line: its steps, and how far the one is that lasts.
import { neutralise } from '../../core/base/text.ts';
import type { UpdateProgress, UpdateStatus } from '../../core/model/update.ts';
import { describeProgress, stepText } from '../../core/update/update-text.ts';
import { fit, widthOf } from '../views/style.ts';
import { short, type Signs } from './words.ts';

const STEPS = ['install', 'canary', 'switch', 'probation'] as const;
/** Which of them is under way. */
const PLACES: Readonly<Record<UpdateProgress['phase'], number>> = {
  installing: 0,
  canary: 1,
  waiting: 2,
  switching: 2,
  probation: 3,
  rolling_back: -1,
};
const CELLS = 8;

/** `update 4.1.1 → 4.2.0   install ✓  canary ✓  switch ✓  probation ▆▆▆▆▆▁▁▁ 7m left`; null while nothing is under way. */
export function updateLine(
  update: UpdateStatus | null,
  { now, width, signs }: { readonly now: number; readonly width: number; readonly signs: Signs },
): string | null {
  const progress = update?.progress ?? null;
  const told = describeProgress(update, now);
  if (progress === null || told === null) return null;
  const at = PLACES[progress.phase];
  const steps = STEPS.slice(0, at + 1).map((step, index) =>
    index < at ? `${step} ${signs.marks.healthy}` : `${step} ${underWay(progress, now, signs)}`.trimEnd(),
  );
  const line = `update ${stepText(progress)}   ${steps.join('  ')}`.replaceAll('→', signs.arrow);
  return at < 0 || widthOf(line) > width ? fit(neutralise(told).replaceAll('→', signs.arrow), width) : line;
}

function underWay({ since, until, phase, detail }: UpdateProgress, now: number, signs: Signs): string {
  if (phase === 'waiting') return 'waits until nobody uses it';
  if (until === null || phase !== 'probation') return detail === null ? '' : neutralise(detail);
  const done = Math.min(CELLS, Math.max(0, Math.round(((now - since) / Math.max(1, until - since)) * CELLS)));
  const { a: full = '', u: left = '' } = signs.beats;
  return `${full.repeat(done)}${left.repeat(CELLS - done)} ${short(until - now)} left`;
}
