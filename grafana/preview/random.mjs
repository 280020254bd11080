// Chance that is the same each time, so that a picture changes only when what it shows does.

/** Returns `next()`, evenly in 0..1, and `around(value, spread)`, mostly close to the value and never below 0. */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { next, around: (value, spread) => value * Math.exp(spread * normal()) };
}
