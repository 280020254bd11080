// Alerts by the trouble that they are about.
import type { PageStatus } from '../../core/status/page-status.ts';
import type { Trouble } from '../../core/status/troubles.ts';
import type { RuleAlert } from '../model/wire.ts';

export interface AlertTrouble {
  readonly trouble: Trouble;
  /** The gravest first, with what their rules say. */
  readonly alerts: readonly RuleAlert[];
}

export interface AlertTroubles {
  readonly firing: readonly AlertTrouble[];
  /** Troubles that no alert tells of. */
  readonly quiet: readonly AlertTrouble[];
  readonly pending: readonly AlertTrouble[];
}

/** Joins the troubles of the status with the alerts of the rules; an alert that only waits is a trouble of its own. */
export function alertTroubles({ troubles }: PageStatus, alerts: readonly RuleAlert[]): AlertTroubles {
  const known = troubles.map((trouble) => ({
    trouble,
    alerts: trouble.alerts.map((alert) => {
      const rule = alerts.find(({ name, about }) => name === alert.name && about === alert.about);
      return rule ?? { ...NO_RULE, ...alert };
    }),
  }));
  const pending = alerts.filter(({ state }) => state === 'pending');
  return {
    firing: known.filter((one) => one.alerts.length > 0),
    quiet: known.filter((one) => one.alerts.length === 0),
    pending: pending.map((alert) => ({ trouble: troubleOf(alert), alerts: [alert] })),
  };
}

const NO_RULE = { state: 'firing', value: '', expression: '', holds: 0 } as const;

function troubleOf({ about, since, summary, name, severity }: RuleAlert): Trouble {
  return {
    about,
    group: 'handled',
    severity: severity === 'critical' || severity === 'info' ? severity : 'warning',
    root: summary === '' ? name : summary,
    cure: null,
    since,
    alerts: [],
  };
}

/** `5 troubles, 3 of them need you`. */
export function describeAlerts(firing: number, needs: number): string {
  if (firing === 0) return 'No alert fires';
  const count = firing === 1 ? '1 trouble' : `${firing} troubles`;
  if (needs === 0) return `${count}, handled by the watchdog`;
  if (firing === needs) return `${count}, ${firing === 1 ? 'which needs' : 'all of which need'} you`;
  return `${count}, ${needs} of them ${needs === 1 ? 'needs' : 'need'} you`;
}
