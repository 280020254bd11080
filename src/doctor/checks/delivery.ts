// Checks of who reports alerts: the notification channels, and delivery by Prometheus and Alertmanager.
import { isDeepStrictEqual } from 'node:util';
import {
  describeDelivery,
  isDeliveredByUsAlone,
  isDeliveredForRefusals,
  isEngineProvable,
} from '../../core/delivery/delivery.ts';
import { readRouting } from '../../config/build/alertmanager-config.ts';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import { ago } from '../../core/base/format.ts';
import { type Check, type Finding, ok, orOk, unknown, warning } from '../check.ts';
import { describeNoConfig, type DoctorContext } from '../context.ts';

export const notifications: Check = {
  id: 'notifications',
  title: 'Notifications',
  async run(context) {
    if (context.config.kind === 'invalid') return [unknown(describeNoConfig(context.config))];
    const channels = await context.channels();
    if (channels.length === 0) return [ok('no channels are configured')];
    const answer = await context.daemon();
    const failing = answer.kind === 'running' ? answer.status.daemon.deafChannels : {};
    return channels.map(({ kind, to, ok: isReady, reason, cure }) => {
      const last = failing[kind];
      if (!isReady) return warning(`${kind}: ${reason ?? 'it cannot work'}`, cure);
      if (last !== undefined)
        return warning(`${kind}: the last notification failed: ${last}`, 'mcp-watchdog notify test');
      return ok(`${kind} through ${to}; mcp-watchdog notify test sends one`);
    });
  },
};

export const delivery: Check = {
  id: 'delivery',
  title: 'Delivery of alerts',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const found = answer.status.daemon.delivery;
    const other = await otherRouting(context);
    if (found.owner === 'engine') return orOk(other, 'by Prometheus and Alertmanager');
    if (isDeliveredByUsAlone(found)) return orOk(other, 'by the watchdog alone');
    return orOk([...problems(found, context), ...other], summary(found));
  },
};

export const rules: Check = {
  id: 'rules',
  title: 'Alert rules',
  async run(context) {
    const answer = await context.daemon();
    if (answer.kind !== 'running') return [unknown('no daemon to ask')];
    const failing = answer.status.daemon.failingRules ?? [];
    if (failing.length === 0) return [ok('all of them can be evaluated')];
    return failing.map(({ file, group, rule, error }) =>
      warning(`${file}, group ${group}: ${rule} fails: ${error}`, CORRECT_RULE),
    );
  },
};

const CORRECT_RULE =
  'correct the rule, or remove its file from alerts.rules; a saved file is applied at once';

type Delivery = DaemonStatus['delivery'];

function problems({ owner, engines, reasons }: Delivery, { config, now }: DoctorContext): Finding[] {
  const { prometheus, alertmanager } = engines;
  const alerts = config.kind === 'valid' ? config.loaded.config.alerts : null;
  const url = alerts?.alertmanager.url ?? null;
  if (isDeliveredForRefusals(reasons)) return [warning(reasons[0] ?? '', SEND_TOKEN)];
  if (url !== null && owner === 'us')
    return [
      warning(
        `${reasons[0] ?? 'Alertmanager is not ready'}${lastSeen(alertmanager.lastSeenAt, now)}`,
        `start it, or correct alerts.alertmanager.url, which points to ${new URL(url).host}`,
      ),
    ];
  const asked = alerts?.prometheus.url ?? null;
  if (asked !== null && !prometheus.isReachable)
    return [
      warning(
        `${reasons[0] ?? 'Prometheus does not read the metrics'}${lastSeen(prometheus.lastSeenAt, now)}`,
        `let it scrape this machine and load alerting/rules, or correct alerts.prometheus.url, which points to ${new URL(asked).host}`,
      ),
    ];
  // A Prometheus that only scrapes is a valid setup; an Alertmanager without Prometheus is another.
  if (url === null && alertmanager.lastSeenAt === null) return [];
  if (prometheus.lastSeenAt === null) return [];
  if (!prometheus.isReachable)
    return [
      warning(
        `Prometheus does not scrape /metrics${lastSeen(prometheus.lastSeenAt, now)}`,
        'start it, or add this machine to its scrape_configs (docs/delivery.md)',
      ),
    ];
  if (alerts !== null && !isProvable(alerts))
    return [
      warning('Prometheus scrapes /metrics, but nothing proves that Alertmanager delivers', SEND_TOKEN),
    ];
  return [
    warning(
      'Prometheus scrapes /metrics, but no heartbeat comes from Alertmanager',
      'load alerting/rules and route the alert Watchdog to POST /api/v1/alertmanager (docs/delivery.md)',
    ),
  ];
}

/** Finds whether Alertmanager runs with another config than the one that the watchdog follows. */
async function otherRouting({ config, alertmanagerConfig }: DoctorContext): Promise<Finding[]> {
  if (config.kind === 'invalid') return [];
  const { configFile, routing } = config.loaded.config.alerts.alertmanager;
  const text = configFile === null ? null : await alertmanagerConfig();
  const running = text === null ? null : readRouting(text);
  if (running === null || !('routing' in running) || isDeepStrictEqual(running.routing, routing)) return [];
  const { inhibitRules, groupWait, groupInterval, repeatInterval } = running.routing;
  const different = [
    isDeepStrictEqual(inhibitRules, routing.inhibitRules) ? [] : ['inhibition rules'],
    isDeepStrictEqual(groupWait, routing.groupWait) ? [] : ['group_wait'],
    isDeepStrictEqual(groupInterval, routing.groupInterval) ? [] : ['group_interval'],
    isDeepStrictEqual(repeatInterval, routing.repeatInterval) ? [] : ['repeat_interval'],
  ].flat();
  return [
    warning(
      `Alertmanager runs with other values than ${configFile ?? ''} has: ${different.join(', ')}`,
      'reload Alertmanager, or correct alerts.alertmanager.configFile',
    ),
  ];
}

const SEND_TOKEN =
  'set alerts.webhookToken and let Alertmanager send it by http_config.authorization (docs/delivery.md)';

function isProvable({ alertmanager, prometheus, webhookToken }: DaemonConfig['alerts']): boolean {
  return isEngineProvable({
    hasAlertmanager: alertmanager.url !== null,
    hasPrometheus: prometheus.url !== null,
    hasToken: webhookToken !== null,
  });
}

function lastSeen(at: number | null, now: number): string {
  return at === null ? '' : `, last seen ${ago(at, now)}`;
}

function summary(found: Delivery): string {
  const { owner, reasons } = found;
  return describeDelivery({ owner, reasons }).replace('Alerts are delivered ', '');
}
