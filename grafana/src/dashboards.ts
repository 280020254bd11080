// All dashboards, as the files that are committed.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { alertsAndSlo } from './pages/alerts-and-slo.ts';
import { fleet } from './pages/fleet.ts';
import { overview } from './pages/overview.ts';
import { readRules, type Rules } from './queries/rule-thresholds.ts';
import { oneServer } from './pages/server.ts';
import { watchdog } from './pages/watchdog.ts';

const DASHBOARDS: Readonly<Record<string, (rules: Rules) => Dashboard>> = {
  overview,
  server: oneServer,
  fleet,
  watchdog,
  alerts: alertsAndSlo,
};

/**
 * Renders all dashboards; returns the text of each file by its path.
 *
 * @param root folder of the repository, whose rules set the thresholds of the panels
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

/** The SDK's default hides every link and annotation in a menu, where nobody looks for them. */
function inPlainSight(key: string, value: unknown): unknown {
  return key === 'placement' && value === 'inControlsMenu' ? undefined : value;
}
