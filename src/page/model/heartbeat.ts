// Heartbeat bar: six hours in slots of five minutes, drawn as one path for each state.

/** Slots, and the minutes of each. */
export const SLOTS = 72;
export const SLOT_MINUTES = 5;

/** What a slot may show, from the calmest to the worst. */
export const BEATS = {
  n: { name: 'none', words: 'not known', height: 2 },
  o: { name: 'off', words: 'off', height: 2 },
  u: { name: 'up', words: 'up', height: 9 },
  s: { name: 'slow', words: 'suspect', height: 13 },
  a: { name: 'slow', words: 'unauthorized', height: 17 },
  r: { name: 'again', words: 'restarted', height: 17 },
  d: { name: 'down', words: 'down', height: 20 },
} as const;
export type Beat = keyof typeof BEATS;

/** Units of the drawing: each slot is five wide, four of them filled. */
export const BEAT_WIDTH = 5;
export const BEAT_HEIGHT = 20;

/** Reads the letters; what is unknown or missing is not known. */
export function readBeats(letters: string): readonly Beat[] {
  const known = letters
    .split('')
    .slice(-SLOTS)
    .map((letter) => (isBeat(letter) ? letter : 'n'));
  return [...Array.from({ length: SLOTS - known.length }, (): Beat => 'n'), ...known];
}

/** One path for each look, of rectangles on the ground line; neighbours keep a gap. */
export function beatPaths(
  beats: readonly Beat[],
): readonly { readonly name: string; readonly path: string }[] {
  const paths = new Map<string, string>();
  beats.forEach((beat, slot) => {
    const { name, height } = BEATS[beat];
    const rectangle = `M${slot * BEAT_WIDTH} ${BEAT_HEIGHT}v${-height}h4v${height}z`;
    paths.set(name, (paths.get(name) ?? '') + rectangle);
  });
  return [...paths].map(([name, path]) => ({ name, path }));
}

/**
 * The share of known slots in which it worked, 0 to 1; 0 for what was never up, however long it was starting. Null when none
 * counts: a server that is off is not missed, and one that starts for the first time has not failed.
 */
export function upShare(beats: readonly Beat[]): number | null {
  const counted = beats.filter((beat) => beat !== 'n' && beat !== 'o');
  const failed = counted.filter((beat) => beat === 'd' || beat === 'a').length;
  if (!counted.some((beat) => beat === 'u' || beat === 'r')) return failed === 0 ? null : 0;
  return (counted.length - failed) / counted.length;
}

/** `Last 6 hours: up 97 %, restarted 13:40, down 14:05–14:25`: the bar for those who do not see it. @param end ms of its right edge */
export function describeBeats(beats: readonly Beat[], end: number, clock: (at: number) => string): string {
  const share = upShare(beats);
  const at = (slot: number): number => end - (SLOTS - slot) * SLOT_MINUTES * 60_000;
  const runs: string[] = [];
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const beat = beats[slot] ?? 'n';
    if (beat === 'u' || beat === 'n' || beat === beats[slot - 1]) continue;
    let last = slot;
    while (beats[last + 1] === beat) last += 1;
    runs.push(`${BEATS[beat].words} ${clock(at(slot))}–${clock(at(last + 1))}`);
  }
  const told = runs.length > MOST_TOLD ? [`${runs.length} disturbances`] : runs;
  const up = share === null ? [] : [`up ${Math.floor(share * 100)} %`];
  return `Last 6 hours: ${[...up, ...told].join(', ') || 'nothing known'}`;
}

const MOST_TOLD = 4;

function isBeat(letter: string): letter is Beat {
  return letter in BEATS;
}

/** Ms since the epoch of the right edge of a bar that is drawn now: its last slot is not over yet. */
export function rightEdge(now: number): number {
  const slot = SLOT_MINUTES * 60_000;
  return (Math.floor(now / slot) + 1) * slot;
}
