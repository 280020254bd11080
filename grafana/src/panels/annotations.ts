// Annotations of all graphs. Without Grafana's interval variables, which annotations lack in older releases.
import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE } from './panel.ts';
import { alerts, EACH_SERVER, machine, server, serverAlerts } from '../queries/expressions.ts';

export interface Annotation {
  readonly name: string;
  readonly color: string;
  readonly expr: string;
  readonly title: string;
  /** The value is the time of the event, in milliseconds since the epoch. */
  readonly atValue?: boolean;
  /** Shown from the start; the others are switched on when needed. */
  readonly on?: boolean;
}

/** Most annotations shown, the latest ones, where there are many machines. */
const MOST = 20;

/** As long as the alert about it: while the previous version is among those of the last minutes. */
const changedVersion = `${versions('')} and on (${EACH_SERVER}) count by (${EACH_SERVER}) (${versions('[5m]')}) > 1`;

export const restarts: Annotation = {
  name: 'Starts',
  color: 'orange',
  expr: `topk(${MOST}, ${server('server_start_time_seconds')}) * 1000`,
  title: '{{server}} started on {{instance}}',
  atValue: true,
  on: true,
};

export const versionChanges: Annotation = {
  name: 'Version changes',
  color: 'purple',
  expr: changedVersion,
  title: '{{server}} on {{instance}} is now {{version}}',
};

export const reloads: Annotation = {
  name: 'Config reloads',
  color: 'blue',
  expr: `topk(${MOST}, ${machine('config_last_reload_success_timestamp_seconds')} > 0) * 1000`,
  title: 'Config read on {{instance}}',
  atValue: true,
};

export const refusedReloads: Annotation = {
  name: 'Refused configs',
  color: 'dark-orange',
  expr: `${machine('config_last_reload_successful')} == 0`,
  title: 'Config refused on {{instance}}',
};

export const wakes: Annotation = {
  name: 'Wake-ups',
  color: 'light-blue',
  expr: `topk(${MOST}, ${machine('last_wake_timestamp_seconds')} > 0) * 1000`,
  title: '{{instance}} woke up',
  atValue: true,
};

export const firing: Annotation = {
  name: 'Firing alerts',
  color: 'red',
  expr: about(alerts('firing')),
  title: '{{alertname}}: {{about}}',
};

export const firingForServer: Annotation = {
  ...firing,
  expr: serverAlerts(),
  title: '{{alertname}}',
};

/** Alerts about the fleet as a whole, which have no machine. */
export const firingForFleet: Annotation = {
  ...firing,
  expr: 'ALERTS{job=~"$job", alertstate="firing", alertname=~"McpFleet.*"}',
  title: '{{alertname}}',
};

export function annotationQuery({
  name,
  color,
  expr,
  title,
  atValue,
  on,
}: Annotation): AnnotationQueryBuilder {
  const builder = new AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(on === true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(title);
  return atValue === true ? builder.useValueForTime(true) : builder;
}

function versions(range: '' | '[5m]'): string {
  const info = server('server_info', 'version!=""');
  return `max by (${EACH_SERVER}, version) (${range === '' ? info : `last_over_time(${info}${range})`})`;
}

/** Not all alerts are about a server. */
function about(alerts: string): string {
  return `label_join(${alerts}, "about", " ", "server", "instance")`;
}
