// Waiting for a condition of the real world, with a deadline instead of a guessed pause.

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/** Ms between two questions: soon at first, then less often, because asking a daemon costs it and us processor time. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 60;

interface Patience {
  /** Ms until it fails. */
  readonly timeout?: number;
  /** What is named in the error. */
  readonly what?: string;
  /** Ms between two questions at the most: more where a question is dear and its answer lasts. */
  readonly longestPause?: number;
}

/** Resolves with the first truthy answer of `probe`, asked after 20 ms, then each time a tenth of what was waited until now, up to the longest pause. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeout = 45_000, what = 'the condition', longestPause = LONGEST_PAUSE }: Patience = {},
): Promise<Truthy<T>> {
  const started = performance.now();
  for (;;) {
    const answer = await probe();
    if (isTruthy(answer)) return answer;
    const waited = performance.now() - started;
    if (waited > timeout) throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    const pause = Math.min(Math.max(FIRST_PAUSE, waited / 10), longestPause);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function isTruthy<T>(answer: T): answer is Truthy<T> {
  return Boolean(answer);
}
