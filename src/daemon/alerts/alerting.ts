// Wiring of rule evaluation: samples come from the recorder, alerts go to the bus, the state file and the pages.
import { type Alerting, createAlerting } from '../../alerting/alerting.ts';
import { linkRunbooks } from '../../alerting/runbook-links.ts';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { type AlertChange, alertSummary } from '../../core/model/notification.ts';
import { firingAlerts, restoreNotifications } from '../../core/notification/saved-notifications.ts';
import type { Status } from '../../core/model/status.ts';
import { causeForAlert } from '../../core/status/troubles.ts';
import type { Recorder } from '../../metrics/recorder.ts';
import type { DaemonContext } from '../context.ts';
import type { StateStore } from '../home/state-store.ts';
import type { Reloader } from '../config/reload.ts';

export interface AlertParts {
  readonly settings: Pick<DaemonConfig, 'alerts'>;
  readonly stateStore: Pick<StateStore, 'alerts' | 'evaluation' | 'setEvaluation'>;
  readonly recorder: Pick<Recorder, 'samples'>;
  readonly status: () => Status;
  /** URL of the web server. */
  readonly url: string;
}

/** `job` label of the shipped scrape config; rules about the scrape itself use it. */
export const JOB = 'mcp-watchdog';

/** Opens the evaluation; start it once the servers are known, because an alert about a missing server is resolved. */
export function openAlerting(
  { bus, clock, log, teardown }: DaemonContext,
  { settings, stateStore, recorder, status, url }: AlertParts,
): Alerting {
  const alerting = createAlerting({
    clock,
    settings: rulesIn(settings, url),
    target: { job: JOB, instance: instanceOf(url) },
    samples: (wants) => recorder.samples(wants),
    saved: stateStore.evaluation(),
    notified: firingAlerts(restoreNotifications(stateStore.alerts())),
    onChange: (change) => bus.publish({ kind: 'alert', ...withReason(change, status(), clock.now()) }),
    onEvaluated: (evaluation) => bus.publish({ kind: 'evaluated', ...evaluation }),
    onRecord: (record, isUrgent) => stateStore.setEvaluation(record, isUrgent),
    onFault: (err, place) => log.error({ err, ...place }, 'Cannot evaluate an alert rule'),
  });
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind !== 'gap') return;
    if (event.cause === 'sleep') alerting.onWake();
    else if (event.cause === 'clock-step') alerting.onClockSet(event.duration);
  });
  teardown.add('alert rules', () => {
    unsubscribe();
    alerting.stop();
  });
  return alerting;
}

/** Takes over the rules of each reload. */
export function followRules(
  alerting: Alerting,
  {
    reloader,
    initial,
    url,
    log,
  }: { reloader: Pick<Reloader, 'onSettings'>; initial: DaemonConfig; url: string } & Pick<
    DaemonContext,
    'log'
  >,
): void {
  const signatureOf = (settings: DaemonConfig): string => JSON.stringify(rulesIn(settings, url));
  let current = signatureOf(initial);
  reloader.onSettings((settings) => {
    const next = signatureOf(settings);
    if (next === current) return;
    try {
      alerting.replace(rulesIn(settings, url));
      current = next;
    } catch (err) {
      log.error({ err }, 'Cannot apply the new alert rules: keeping the previous ones');
    }
  });
}

/** Settings of the evaluation; runbook links lead to `url`, the web server, unless the config names another base. */
function rulesIn({ alerts }: Pick<DaemonConfig, 'alerts'>, url: string) {
  const { rules, evaluateEvery, prometheusVersion, runbookBase } = alerts;
  const base = runbookBase ?? `${new URL(url).protocol}//${instanceOf(url)}/runbooks/`;
  return { rules: linkRunbooks(rules, base), evaluateEvery, generation: prometheusVersion };
}

/** Adds the cause from the server status to the summary: the rule knows only that something is wrong. */
function withReason(change: AlertChange, { servers }: Status, now: number): AlertChange {
  const server = servers.find(({ name }) => name === change.about);
  if (change.state === 'resolved' || server === undefined) return change;
  const cause = causeForAlert(change.name, server, now);
  if (cause === null) return change;
  return { ...change, summary: alertSummary(`${change.summary.replace(/\.$/u, '')}: ${cause}`) };
}

/** Returns host and port as a scrape config on this machine names the target. */
export function instanceOf(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname === '0.0.0.0' ? '127.0.0.1' : hostname === '[::]' ? '[::1]' : hostname;
  return `${host}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
