// Runner of all checks at once, each with its own timeout.
import { messageOf } from '../core/base/guards.ts';
import type { Clock } from '../system/time/clock.ts';
import { type Check, type Finding, unknown } from './check.ts';
import type { DoctorContext } from './context.ts';

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/**
 * Runs all checks; results in the order of `checks`, without those that have no findings. Never rejects.
 *
 * @param timeout ms for each check
 */
export async function runChecks(
  checks: readonly Check[],
  context: DoctorContext,
  { clock, timeout }: { clock: Clock; timeout: number },
): Promise<readonly CheckResult[]> {
  const results = await Promise.all(
    checks.map(async ({ id, title, run }) => ({
      id,
      title,
      findings: await within(timeout, clock, () => run(context)),
    })),
  );
  return results.filter(({ findings }) => findings.length > 0);
}

function within(
  timeout: number,
  clock: Clock,
  work: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return new Promise((resolve) => {
    const cancel = clock.after(timeout, () =>
      resolve([unknown(`no answer within ${timeout / 1000} s`, 'try again when the machine is less busy')]),
    );
    void Promise.resolve()
      .then(work)
      .catch((error: unknown) => [unknown(messageOf(error).split('\n', 1)[0] ?? 'it failed')])
      .then(resolve)
      .finally(cancel);
  });
}
