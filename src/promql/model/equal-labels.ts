// Equality of label sets, whatever their order, with a number that equal ones have in common; an empty label counts as missing.
type Labels = Readonly<Record<string, string>>;

/** Values of which the hash is known. */
const MOST_HASHES = 4096;
const hashes = new Map<string, number>();

function hashOf(text: string): number {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  if (hashes.size === MOST_HASHES) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

/** The same for equal label sets. */
export function hashOfLabels(labels: Labels): number {
  let sum = 0;
  for (const name in labels) {
    const value = labels[name] ?? '';
    if (value === '') continue;
    const pair = Math.imul(hashOf(name), 0x9e37_79b1) ^ hashOf(value);
    sum = (sum + Math.imul(pair ^ (pair >>> 15), 0x85eb_ca6b)) | 0;
  }
  // Small integers of the engine have 31 bits.
  return (sum ^ (sum >>> 16)) & 0x3fff_ffff;
}

function countIn(labels: Labels): number {
  let count = 0;
  for (const name in labels) if (labels[name] !== '') count += 1;
  return count;
}

export function areEqual(one: Labels, other: Labels): boolean {
  if (one === other) return true;
  for (const name in one) {
    const value = one[name];
    if (value !== '' && (!Object.hasOwn(other, name) || other[name] !== value)) return false;
  }
  return countIn(one) === countIn(other);
}
