// Waiting for a condition of the real world, with a deadline instead of a guessed pause.

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>;

/** Resolves with the first truthy answer of `probe`, asked each 20 ms; `timeout` in ms, `what` names it in the error. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeout = 25_000, what = 'the condition' }: { timeout?: number; what?: string } = {},
): Promise<Truthy<T>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const answer = await probe();
    if (isTruthy(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isTruthy<T>(answer: T): answer is Truthy<T> {
  return Boolean(answer);
}
