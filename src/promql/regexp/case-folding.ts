// Case folding of characters, as Go folds them: which characters differ only in case.

/** Ranges of code points, both ends included. */
export type Ranges = readonly (readonly [first: number, last: number])[];

const LAST_CASED = 0x1_e9_43;
/** The dotless i, which folds to nothing although its upper case is I. */
const DOTLESS_I = 0x01_31;

let known: readonly (readonly number[])[] | null = null;
let byCode: ReadonlyMap<number, readonly number[]> | null = null;

/** Adds what differs only in case. */
export function folded(ranges: Ranges): Ranges {
  const added = groups().flatMap((group) =>
    group.some((code) => isIn(code, ranges))
      ? group.filter((code) => !isIn(code, ranges)).map((code) => [code, code] as const)
      : [],
  );
  return [...ranges, ...added];
}

/** Returns a character and all that differ from it only in case. */
export function casesOf(code: number): readonly number[] {
  byCode ??= new Map(groups().flatMap((group) => group.map((one) => [one, group])));
  return byCode.get(code) ?? [code];
}

function isIn(code: number, ranges: Ranges): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last);
}

/** All sets of two or more characters that differ only in case: made with the first pattern that needs them. */
function groups(): readonly (readonly number[])[] {
  if (known !== null) return known;
  const byKey = new Map<string, number[]>();
  for (let code = 0x41; code <= LAST_CASED; code += 1) {
    const character = String.fromCodePoint(code);
    if (code === DOTLESS_I || !/\p{Changes_When_Casemapped}/u.test(character)) continue;
    const key = single(single(character, 'toUpperCase'), 'toLowerCase');
    byKey.set(key, [...(byKey.get(key) ?? []), code]);
  }
  known = [...byKey.values()].filter((group) => group.length > 1);
  return known;
}

/** Changes the case where one character becomes one. */
function single(character: string, change: 'toUpperCase' | 'toLowerCase'): string {
  const changed = character[change]();
  return Array.from(changed).length === 1 ? changed : character;
}
