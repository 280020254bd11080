// Spelling suggestions for mistyped names.

/** Returns the closest of `known` when it is close enough to be a typing error, else null. Ignores case. */
export function suggestSpelling(word: string, known: Iterable<string>): string | null {
  const written = word.toLowerCase().slice(0, LONGEST);
  const allowed = Math.floor(written.length / 3);
  let best: { word: string; distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(written, candidate.toLowerCase().slice(0, LONGEST));
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word ?? null;
}

// The table below grows with the product of both lengths; no key of ours is longer.
const LONGEST = 64;

/** Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
