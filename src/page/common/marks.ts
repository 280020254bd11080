// Small drawings: the sign of a group, the heartbeat bar, a sparkline.
import { html, svg, nothing, type TemplateResult } from 'lit-html';
import type { TroubleGroup } from '../../core/status/troubles.ts';
import { BEAT_HEIGHT, beatPaths, BEAT_WIDTH, describeBeats, readBeats, SLOTS } from '../model/heartbeat.ts';
import { sparkPath, SPARK_HEIGHT, SPARK_WIDTH } from '../model/curves/sparkline.ts';
import { clock } from '../model/words.ts';

export type Tone = 'red' | 'amber' | 'green' | 'grey';

export const TONES = {
  needs_you: 'red',
  handled: 'amber',
  healthy: 'green',
  off: 'grey',
} as const satisfies Record<TroubleGroup, Tone>;

/** A triangle, a clock, a tick, a bar: each tone has a shape of its own. */
const SHAPES: Readonly<Record<Tone, readonly [plate: string, sign: string]>> = {
  red: ['M8 1.2 15.6 14.6H.4z', 'M8 6v3.6M8 12.1v.1'],
  amber: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1', 'M8 4.4V8l2.4 1.5'],
  green: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1', 'm4.9 8.2 2.1 2.1 4.1-4.5'],
  grey: ['M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1', 'M5 8h6'],
};

/** Draws the sign; text beside it says the same. */
export function icon(tone: Tone, size = 16): TemplateResult {
  const [plate, sign] = SHAPES[tone];
  return html`<svg class="icon ${tone}" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true">
    <path class="plate" d=${plate}></path>
    <path class="sign" d=${sign}></path>
  </svg>`;
}

/** Draws the last six hours. @param end ms since the epoch of the right edge */
export function heartbeat(letters: string, end: number): TemplateResult {
  const beats = readBeats(letters);
  return html`<svg
    class="beat"
    viewBox="0 0 ${SLOTS * BEAT_WIDTH} ${BEAT_HEIGHT}"
    preserveAspectRatio="none"
    role="img"
    aria-label=${describeBeats(beats, end, clock)}
    data-beats=${letters}
    data-end=${end}
  >
    ${beatPaths(beats).map(({ name, path }) => svg`<path class=${name} d=${path}></path>`)}
  </svg>`;
}

/** Draws a short series; nothing without two values. */
export function sparkline(values: readonly (number | null)[] | undefined): TemplateResult | typeof nothing {
  const path = values === undefined ? '' : sparkPath(values);
  return path === ''
    ? nothing
    : html`<svg class="spark" viewBox="0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}" aria-hidden="true">
        <path d=${path}></path>
      </svg>`;
}
