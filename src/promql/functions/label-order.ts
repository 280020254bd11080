// Order of label sets: natural by chosen labels, then by all.
import { labelIn, type Labels } from '../model/labels.ts';

/** Compares by the labels that are named, in order, numbers in them as numbers; then by all labels, as they are written. */
export function compareLabels(a: Labels, b: Labels, names: readonly string[]): number {
  for (const name of names) {
    const order = compareNatural(labelIn(a, name), labelIn(b, name));
    if (order !== 0) return order;
  }
  return compareWhole(a, b);
}

function compareNatural(a: string, b: string): number {
  if (a === b) return 0;
  const [ofA, ofB] = [chunks(a), chunks(b)];
  for (let index = 0; index < Math.min(ofA.length, ofB.length); index += 1) {
    const [one = '', other = ''] = [ofA[index], ofB[index]];
    if (one === other) continue;
    const order = /^\d/u.test(one) && /^\d/u.test(other) ? Number(one) - Number(other) : 0;
    return order === 0 ? compareTexts(one, other) : order;
  }
  return ofA.length - ofB.length;
}

/** Runs of digits, and what is between them. */
function chunks(text: string): readonly string[] {
  return text.match(/\d+|\D+/gu) ?? [];
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareWhole(a: Labels, b: Labels): number {
  const [ofA, ofB] = [a, b].map((labels) =>
    Object.entries(labels).sort(([one], [other]) => compareTexts(one, other)),
  );
  for (const [index, [name, value]] of (ofA ?? []).entries()) {
    const [otherName, otherValue] = ofB?.[index] ?? ['', ''];
    const order = compareTexts(name, otherName) || compareTexts(value, otherValue);
    if (order !== 0) return order;
  }
  return (ofA?.length ?? 0) - (ofB?.length ?? 0);
}
