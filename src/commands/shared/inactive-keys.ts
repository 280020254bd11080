// What is said about keys that the config sets and that do nothing in this release.

/** No line when there is nothing of it. */
export function inactiveKeyLines(inactive: readonly string[]): string[] {
  return inactive.length === 0 ? [] : [`Not active yet in this release: ${inactive.join(', ')}`];
}
