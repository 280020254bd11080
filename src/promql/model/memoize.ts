// Memoisation by object: a value is computed once for each key and kept as long as the key lives.
/** Calls `make` once for each key; the keys are held weakly. */
export function memoize<Key extends object, T extends {} | null>(make: (key: Key) => T): (key: Key) => T {
  const made = new WeakMap<Key, T>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
