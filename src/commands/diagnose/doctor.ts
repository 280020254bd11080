// Command `doctor`: runs every check of this installation and prints findings with their cures.
import { CHECKS } from '../../doctor/checks/registry.ts';
import { runChecks } from '../../doctor/run-checks.ts';
import type { CommandContext } from '../shared/command.ts';
import { createDoctorContext } from './doctor-context.ts';
import { isUnicodeLocale } from '../views/style.ts';
import { doctorLines, hasNoProblem } from './doctor-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';

/** ms for one check: longer than a healthy machine needs. */
const TIMEOUT = 15_000;

export async function run(context: CommandContext): Promise<number> {
  const doctor = createDoctorContext(context);
  const examined = await runChecks(CHECKS, doctor, { clock: context.io.clock, timeout: TIMEOUT });
  const healthy = hasNoProblem(examined);
  if (context.flags.json === true) printJson(context, { healthy, checks: examined });
  else {
    // Without a locale a terminal of today can be assumed.
    const isPlain = !(isUnicodeLocale(context.io.env) ?? true);
    printLines(context, doctorLines(examined, { ...viewOptions(context), isPlain }));
  }
  return healthy ? 0 : 1;
}
