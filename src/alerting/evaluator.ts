// Rule groups of one rule set, each with its own interval, over one common series store.
import type { MetricSample } from '../core/model/alert-rules.ts';
import {
  type AlertsByRule,
  createRuleEngine,
  type RuleEngine,
  type RuleHealth,
} from '../promql/rules/rule-engine.ts';
import { requiredSeriesOf } from '../promql/rules/required-series.ts';
import type { PrometheusMajor } from '../promql/model/series-source.ts';
import { createSeriesStore, type SeriesStore } from '../promql/series/series-store.ts';
import { createScrapeIngest, type ScrapeTarget } from './scrape-ingest.ts';
import type { CompiledGroup } from './compile-rules.ts';

export interface Evaluator {
  readonly groups: readonly ScheduledGroup[];
  readonly wants: (name: string) => boolean;
  /** One scrape at `at`, ms since the epoch. */
  ingest(readings: readonly MetricSample[], at: number): void;
  /** Of every rule, firing, pending, and those that ended lately. By a key that outlives us. */
  readonly alerts: () => AlertsByRule;
  /** Puts alerts back, in place of what there is; those of rules that are gone are dropped. */
  restore(alerts: AlertsByRule): void;
  prune(at: number): void;
  /** What another set of rules may go on with. */
  readonly store: SeriesStore;
}

export type { AlertsByRule };

export interface ScheduledGroup extends CompiledGroup {
  /** Milliseconds. */
  readonly interval: number;
  /** Evaluates its rules in their order at `at`, ms since the epoch. */
  readonly evaluate: (at: number) => void;
  readonly rules: () => readonly RuleHealth[];
}

export interface EvaluatorOptions {
  readonly groups: readonly CompiledGroup[];
  /** Ms, for groups that say no interval. */
  readonly evaluateEvery: number;
  readonly generation?: PrometheusMajor;
  readonly target: ScrapeTarget;
  /** Samples to begin with; what no rule reads is left out. */
  readonly past?: SeriesStore | null;
}

export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { groups, generation = 3, target, past = null } = options;
  const interests = requiredSeriesOf(groups.map(({ group }) => group));
  const store = createSeriesStore(interests);
  if (past !== null) copy(past, store);
  const feed = createScrapeIngest(store, interests, target);
  // An engine each: names of groups are unique only within their file.
  const atWork = groups.map((compiled) => {
    const engine = createRuleEngine([compiled.group], store, { generation });
    return { engine, group: putToWork(compiled, engine, options) };
  });
  return {
    groups: atWork.map(({ group }) => group),
    store,
    wants: feed.wants,
    ingest: feed.ingest,
    alerts: () =>
      new Map(
        atWork.flatMap(({ engine, group }) =>
          [...engine.alerts()].map(([rule, alerts]) => [`${group.key} ${rule}`, alerts] as const),
        ),
      ),
    restore(alerts) {
      for (const { engine, group } of atWork) engine.restore(ofGroup(alerts, group));
    },
    prune: (at) => store.prune(at),
  };
}

function putToWork(
  compiled: CompiledGroup,
  engine: RuleEngine,
  { evaluateEvery }: EvaluatorOptions,
): ScheduledGroup {
  return {
    ...compiled,
    interval: compiled.group.interval ?? evaluateEvery,
    evaluate: (at) => engine.evaluateGroup(compiled.group, at),
    rules: () => engine.rules(),
  };
}

function ofGroup(alerts: AlertsByRule, { key }: ScheduledGroup): AlertsByRule {
  const prefix = `${key} `;
  return new Map(
    [...alerts]
      .filter(([rule]) => rule.startsWith(prefix))
      .map(([rule, own]) => [rule.slice(prefix.length), own]),
  );
}

function copy(from: SeriesStore, to: SeriesStore): void {
  for (const series of from.select({ name: null, matchers: [] }))
    for (let index = 0; index < series.length; index += 1) {
      const time = series.timeAt(index);
      if (series.isStaleAt(index)) to.markStale(series.labels, time);
      else to.append(series.labels, time, series.valueAt(index));
    }
}
