// Words for the delivery of alerts: one sentence that names whoever tells people.
import type { DaemonStatus } from '../../core/model/status.ts';

export function deliveryWords({ delivery }: DaemonStatus): string {
  if (delivery.owner !== 'us') return 'Alerts are sent by Prometheus and Alertmanager.';
  const [reason] = delivery.reasons;
  return `Alerts are sent by the watchdog${reason === undefined ? '' : `: ${reason}`}.`;
}
