// Cache of values derived from label sets: each evaluation sees the same series in the same order.
import type { Labels } from './labels.ts';

/** An element, or a window of samples. */
export interface Labelled {
  readonly labels: Labels;
}

/** Caches the last result of `make`; valid while the same label objects come in the same order. */
export function memoizeBySeries<T>(
  make: (labels: readonly Labels[]) => T,
): (elements: readonly Labelled[]) => T {
  const ofPair = memoizeBySeriesPair((labels) => make(labels));
  return (elements) => ofPair(elements, []);
}

/** As `memoizeBySeries`, for the labels of both sides of an operator. */
export function memoizeBySeriesPair<T>(
  make: (left: readonly Labels[], right: readonly Labels[]) => T,
): (left: readonly Labelled[], right: readonly Labelled[]) => T {
  let last: { readonly left: readonly Labels[]; readonly right: readonly Labels[]; readonly made: T } | null =
    null;
  return (left, right) => {
    if (last !== null && haveLabels(left, last.left) && haveLabels(right, last.right)) return last.made;
    const [ofLeft, ofRight] = [left.map(({ labels }) => labels), right.map(({ labels }) => labels)];
    const made = make(ofLeft, ofRight);
    last = { left: ofLeft, right: ofRight, made };
    return made;
  };
}

function haveLabels(elements: readonly Labelled[], labels: readonly Labels[]): boolean {
  if (elements.length !== labels.length) return false;
  for (let index = 0; index < labels.length; index += 1)
    if (elements[index]?.labels !== labels[index]) return false;
  return true;
}
