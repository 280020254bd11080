// Report of a cleanup: everything planned, kept or failed, then the sum.
import { type CleanupReport, describeCleanup } from '../../core/model/cleanup-report.ts';
import { capitalised, neutralise } from '../../core/base/text.ts';
import { size } from '../../core/base/format.ts';

export function cleanupLines(report: CleanupReport): string[] {
  const { removed, spared, failed, dryRun } = report;
  const planned = dryRun ? removed : [];
  return [
    ...planned.map(({ path, bytes }) => `would remove ${neutralise(path)} (${size(bytes)})`),
    ...spared.map(({ path, why }) => `kept ${neutralise(path)}: ${why}`),
    ...failed.map(({ path, why }) => `cannot remove ${neutralise(path)}: ${neutralise(why)}`),
    capitalised(describeCleanup(report)),
  ];
}
