// What is worked out from labels is worked out once: each evaluation meets the same series in the same order.
import type { Labels } from '../model/labels.ts';
import type { Vector } from '../model/value.ts';

/** Remembers what `make` gave for the last labels, and takes the very same objects in the same order for the same. */
export function memoizeBySeries<T>(make: (labels: readonly Labels[]) => T): (elements: Vector) => T {
  const ofPair = memoizeBySeriesPair((labels) => make(labels));
  return (elements) => ofPair(elements, []);
}

/** As `recurring`, for the labels of two sides. */
export function memoizeBySeriesPair<T>(
  make: (left: readonly Labels[], right: readonly Labels[]) => T,
): (left: Vector, right: Vector) => T {
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

/** What was made of the same object before is not made again. */
export function memoize<Key extends object, T>(make: (key: Key) => T): (key: Key) => T {
  const made = new WeakMap<Key, { readonly value: T }>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known.value;
    const value = make(key);
    made.set(key, { value });
    return value;
  };
}

function haveLabels(elements: Vector, labels: readonly Labels[]): boolean {
  if (elements.length !== labels.length) return false;
  for (let index = 0; index < labels.length; index += 1)
    if (elements[index]?.labels !== labels[index]) return false;
  return true;
}
