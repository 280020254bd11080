// Waiting for a condition of the real world, with a deadline instead of a guessed pause.

/** Resolves with the first truthy answer of `probe`, asked each 20 ms; `timeout` in ms, `what` names it in the error. */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { timeout = 10_000, what = 'the condition' }: { timeout?: number; what?: string } = {},
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const answer = await probe();
    if (answer) return answer as Exclude<T, false | 0 | '' | null | undefined>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
