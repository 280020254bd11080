// Expression over a range that ends now: read as a whole once, then value by value.
import { goesOn, goOn } from '../model/curves/rolling.ts';
import type { Answer, RangeResult, TimeRange, Wire } from '../model/wire.ts';

export interface LiveRange {
  /** Null when a later reading was begun meanwhile. */
  read(range: TimeRange): Promise<Answer<RangeResult> | null>;
  /** Reads the whole range the next time: another daemon may know more, or less. */
  forget(): void;
}

export function createLiveRange(
  { range: readWhole, query }: Pick<Wire, 'range' | 'query'>,
  expression: string,
): LiveRange {
  let known: { readonly range: TimeRange; readonly result: RangeResult } | null = null;
  let readings = 0;

  async function answerFor(range: TimeRange): Promise<Answer<RangeResult>> {
    const before = known;
    if (before === null || !goesOn(before.result, before.range, range)) return readWhole(expression, range);
    const answer = await query(expression);
    return answer.ok ? { ok: true, value: goOn(before.result, range, answer.value) } : answer;
  }

  return {
    async read(range) {
      readings += 1;
      const mine = readings;
      const answer = await answerFor(range);
      if (mine !== readings) return null;
      if (answer.ok) known = { range, result: answer.value };
      return answer;
    },
    forget() {
      known = null;
      readings += 1;
    },
  };
}
