// How the bench waits: on conditions, with a deadline.
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Asks every `every` ms until the answer is something; rejects after `within` ms. */
export async function until(ask, { within = 30_000, every = 20, what = 'the condition' } = {}) {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${within / 1000} s in vain for ${what}`);
    await sleep(every);
  }
}
