// Wiring of the history: samples come from the recorder, alerts from the rules, questions from the web server.
import type { Alerting } from '../alerting/alerting.ts';
import type { DaemonConfig } from '../config/build/loaded-config.ts';
import type { MetricSample } from '../core/model/alert-rules.ts';
import type { Status } from '../core/model/status.ts';
import type { QueryAnswer } from '../core/metrics/query-result.ts';
import { createPrometheusApi, type PrometheusApi } from '../history/api/prometheus-api.ts';
import { createHistory, type HistorySettings } from '../history/history.ts';
import { createSnapshotFile } from '../history/snapshot-file.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { instanceOf, JOB } from './alerts/alerting.ts';
import type { DaemonContext } from './context.ts';
import type { Reloader } from './config/reload.ts';

interface HistoryParts {
  readonly settings: DaemonConfig;
  readonly recorder: Pick<Recorder, 'samples'>;
  readonly alerting: Pick<Alerting, 'alerts'>;
  readonly status: () => Status;
  /** URL of the web server. */
  readonly url: string;
}

export interface DaemonHistory {
  readonly api: PrometheusApi;
  /** Answers a question of the command line. */
  ask(path: 'query' | 'query_range', parameters: Readonly<Record<string, string>>): Promise<QueryAnswer>;
  /** Begins to read; to be called once the servers are known. */
  begin(reloader: Pick<Reloader, 'onSettings'>): void;
}

export function openHistory(
  { bus, clock, log, paths, version, teardown }: DaemonContext,
  { settings: initial, recorder, alerting, status, url }: HistoryParts,
): DaemonHistory {
  let settings = initial;
  const target = { job: JOB, instance: instanceOf(url) };
  const history = createHistory({
    clock,
    settings: historyIn(settings),
    target,
    samples: () => recorder.samples(() => true),
    derived: () => alertSamples(alerting),
    file: createSnapshotFile(paths.history),
    onReading: (size) => bus.publish({ kind: 'recorded', size }),
    onDropped: (reason) =>
      log.warn({ file: paths.history, reason }, 'The saved history is useless: begun again'),
    onFault: (err) => log.error({ err }, 'Cannot keep the history'),
  });
  const api = createPrometheusApi({
    store: () => history.store,
    clock,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    cpu: processorTime,
    generation: () => settings.alerts.prometheusVersion,
    target,
    url,
    version,
    last: () => history.last,
    settings: () => {
      const { startedAt, config } = status().daemon;
      return {
        ...settings.history,
        evaluateEvery: settings.alerts.evaluateEvery,
        startedAt,
        loadedAt: config.loadedAt,
        isConfigGood: config.ok,
      };
    },
  });
  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'gap' && event.cause === 'clock-step') history.onClockSet(event.duration);
  });
  teardown.add('history', () => {
    unsubscribe();
    history.stop();
  });
  return {
    api,
    async ask(path, parameters) {
      const answer = await api.answer(path, new URLSearchParams(parameters), new AbortController().signal);
      return JSON.parse(answer?.pieces.join('') ?? '');
    },
    begin(reloader) {
      history.start();
      reloader.onSettings((next) => {
        if (JSON.stringify(next.history) !== JSON.stringify(settings.history))
          history.replace(historyIn(next));
        settings = next;
      });
    },
  };
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function historyIn({ history }: Pick<DaemonConfig, 'history'>): HistorySettings | null {
  return history.enabled ? history : null;
}

/** The series that Prometheus makes of alerts: their state, and since when they are in it. */
function alertSamples(alerting: Pick<Alerting, 'alerts'>): MetricSample[] {
  return alerting.alerts().alerts.flatMap(({ labels, state, activeAt }) => [
    { name: 'ALERTS', labels: { ...labels, alertstate: state }, value: 1 },
    { name: 'ALERTS_FOR_STATE', labels, value: Math.floor(Date.parse(activeAt) / 1000) },
  ]);
}
