// Notice about config keys that have no effect in this release.

/** Writes one line; none when every key has an effect. */
export function inactiveKeyLines(inactive: readonly string[]): string[] {
  return inactive.length === 0 ? [] : [`Not active yet in this release: ${inactive.join(', ')}`];
}
