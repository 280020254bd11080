// All dashboards, as the files that are committed.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alertsAndSlo } from './alerts-and-slo.ts';
import { fleet } from './fleet.ts';
import { overview } from './overview.ts';
import { readRules, type Rules } from './rules.ts';
import { oneServer } from './server.ts';
import { watchdog } from './watchdog.ts';

const DASHBOARDS: Readonly<Record<string, (rules: Rules) => Dashboard>> = {
  overview,
  server: oneServer,
  fleet,
  watchdog,
  alerts: alertsAndSlo,
};

/**
 * The text of each file by its path.
 *
 * @param root folder of the repository, whose rules say where panels turn red
 */
export function renderDashboards(root: string): Record<string, string> {
  const rules = readRules(root);
  return Object.fromEntries(
    Object.entries(DASHBOARDS).map(([name, make]) => [
      `grafana/dashboards/${name}.json`,
      `${JSON.stringify(make(rules), inPlainSight, 2)}\n`,
    ]),
  );
}

/** The SDK's default hides every link and mark in a menu, where nobody looks for them. */
function inPlainSight(key: string, value: unknown): unknown {
  return key === 'placement' && value === 'inControlsMenu' ? undefined : value;
}
