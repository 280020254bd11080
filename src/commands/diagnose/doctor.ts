// `doctor`: everything that can be wrong with this installation, each with its cure.
import { CHECKS } from '../../doctor/checks/registry.ts';
import { runChecks } from '../../doctor/run-checks.ts';
import type { CommandContext } from '../shared/command.ts';
import { createDoctorContext } from './doctor-context.ts';
import { doctorLines, hasNoProblem } from './doctor-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';

/** Longer than a healthy machine needs for any of them. */
const TIMEOUT = 15_000;

export async function run(context: CommandContext): Promise<number> {
  const doctor = createDoctorContext(context);
  const examined = await runChecks(CHECKS, doctor, { clock: context.io.clock, timeout: TIMEOUT });
  const healthy = hasNoProblem(examined);
  if (context.flags.json === true) printJson(context, { ok: healthy, checks: examined });
  else {
    const isPlain = !speaksUnicode(context.io.env);
    printLines(context, doctorLines(examined, { ...viewOptions(context), isPlain }));
  }
  return healthy ? 0 : 1;
}

/** By the rule of setlocale(3): the first that is set decides. Without any, a terminal of today does. */
function speaksUnicode(env: CommandContext['io']['env']): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined || /utf-?8/iu.test(locale);
}
