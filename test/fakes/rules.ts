// Rules as a test writes them, and the alerting that evaluates them in virtual time.
import { createAlerting, type Alerting } from '../../src/alerting/alerting.ts';
import type { Evaluation } from '../../src/alerting/evaluation-report.ts';
import type { SavedAlerts } from '../../src/alerting/saved-alerts.ts';
import type { MetricSample, RuleDocument } from '../../src/core/model/alert-rules.ts';
import type { AlertChange, FiringAlert } from '../../src/core/model/notification.ts';
import { FakeClock } from './clock.ts';

export const EVERY = 15_000;

export function documentOf(...rules: readonly object[]): RuleDocument {
  return { path: '/rules/own.yml', isBuiltIn: false, document: { groups: [{ name: 'own', rules }] } };
}

export function reading(name: string, value: number, labels: MetricSample['labels'] = {}): MetricSample {
  return { name, labels, value };
}

export interface Life {
  readonly clock: FakeClock;
  readonly alerting: Alerting;
  /** What /metrics shows from the next evaluation on. */
  readonly show: (...readings: readonly MetricSample[]) => void;
  /** `firing Down a` */
  readonly told: string[];
  readonly news: AlertChange[];
  readonly evaluations: Evaluation[];
  readonly faults: string[];
  readonly record: () => SavedAlerts | null;
  readonly urgent: () => number;
}

export function live(
  rules: readonly RuleDocument[],
  {
    clock = new FakeClock(),
    saved = null,
    told = [],
    generation = 3,
  }: { clock?: FakeClock; saved?: unknown; told?: readonly FiringAlert[]; generation?: 2 | 3 } = {},
): Life {
  let shown: readonly MetricSample[] = [];
  let record: SavedAlerts | null = null;
  let urgent = 0;
  const news: AlertChange[] = [];
  const words: string[] = [];
  const evaluations: Evaluation[] = [];
  const faults: string[] = [];
  const alerting = createAlerting({
    clock,
    settings: { rules, evaluateEvery: EVERY, generation },
    target: { job: 'mcp-watchdog', instance: '127.0.0.1:9638' },
    samples: async (wants) => shown.filter(({ name }) => wants(name)),
    saved,
    notified: told,
    onChange(one) {
      news.push(one);
      words.push(`${one.state} ${one.name} ${one.about ?? '-'}`);
    },
    onEvaluated: (one) => evaluations.push(one),
    onRecord(next, isUrgent) {
      record = JSON.parse(JSON.stringify(next));
      if (isUrgent) urgent += 1;
    },
    onFault: (error, place) =>
      faults.push(`${place === null ? '-' : `${place.group} ${place.rule}`}: ${String(error)}`),
  });
  return {
    clock,
    alerting,
    show: (...readings) => (shown = readings),
    told: words,
    news,
    evaluations,
    faults,
    record: () => record,
    urgent: () => urgent,
  };
}
