// Report of the doctor: a mark and a message for each finding, with its cure below.
import { neutralise } from '../../core/base/text.ts';
import type { FindingStatus } from '../../doctor/check.ts';
import type { CheckResult } from '../../doctor/run-checks.ts';
import { fit, pad, paint, type Style, widthOf, type ViewOptions } from '../views/style.ts';

const MARKS: Readonly<Record<FindingStatus, readonly [mark: string, plain: string, style: Style]>> = {
  ok: ['✔', 'ok', 'green'],
  warning: ['!', '!', 'yellow'],
  problem: ['✘', 'X', 'red'],
  unknown: ['?', '?', 'dim'],
};

/** Tells whether no finding is a problem; warnings and unknowns are allowed. */
export function hasNoProblem(examined: readonly CheckResult[]): boolean {
  return !all(examined).some(({ status }) => status === 'problem');
}

/** Writes the report. @param options.isPlain only ASCII, for terminals that show nothing else */
export function doctorLines(
  examined: readonly CheckResult[],
  options: ViewOptions & { readonly isPlain: boolean },
): string[] {
  const { colour, width, isPlain } = options;
  const longest = Math.max(0, ...examined.map(({ title }) => widthOf(title)));
  const indent = (isPlain ? 2 : 1) + 1 + longest + 2;
  const lines = examined.flatMap(({ title, findings }) =>
    findings.flatMap(({ status, message, cure }, index) => {
      const [sign, plain, style] = MARKS[status];
      const mark = paint(pad(isPlain ? plain : sign, isPlain ? 2 : 1), style, colour);
      // The title stands only beside the first finding of a check.
      const name = pad(index === 0 ? title : '', longest);
      const line = `${mark} ${paint(name, 'bold', colour)}  ${fit(neutralise(message), width - indent)}`;
      const arrow = isPlain ? '->' : '→';
      const below =
        cure === null
          ? []
          : [`${' '.repeat(indent)}${paint(`${arrow} ${neutralise(cure)}`, 'cyan', colour)}`];
      return [line, ...below];
    }),
  );
  return [...lines, '', summary(examined, colour)];
}

function summary(examined: readonly CheckResult[], colour: boolean): string {
  const count = (status: FindingStatus) =>
    all(examined).filter((finding) => finding.status === status).length;
  const [problems, warnings, unknowns] = [count('problem'), count('warning'), count('unknown')];
  const parts = [
    ...(problems > 0 ? [paint(`${problems} ${problems === 1 ? 'problem' : 'problems'}`, 'red', colour)] : []),
    ...(warnings > 0
      ? [paint(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`, 'yellow', colour)]
      : []),
    ...(unknowns > 0 ? [`${unknowns} not known`] : []),
  ];
  return parts.length === 0 ? paint('No problems found', 'green', colour) : parts.join(', ');
}

function all(examined: readonly CheckResult[]) {
  return examined.flatMap(({ findings }) => findings);
}
