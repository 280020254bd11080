// Waiting for a condition of the real world, with a deadline instead of a guessed pause.

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/** Ms between two questions: soon at first, then less often, because asking a daemon costs it and us processor time. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 60;
/** Ms after which it asks less often. */
const PATIENT_AFTER = 2000;

/** Resolves with the first truthy answer of `probe`, asked each 20 ms, after two seconds each 60 ms; `timeout` in ms, `what` names it in the error. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeout = 25_000, what = 'the condition' }: { timeout?: number; what?: string } = {},
): Promise<Truthy<T>> {
  const started = performance.now();
  for (;;) {
    const answer = await probe();
    if (isTruthy(answer)) return answer;
    const waited = performance.now() - started;
    if (waited > timeout) throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, waited < PATIENT_AFTER ? FIRST_PAUSE : LONGEST_PAUSE));
  }
}

function isTruthy<T>(answer: T): answer is Truthy<T> {
  return Boolean(answer);
}
