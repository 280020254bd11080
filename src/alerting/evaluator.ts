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
import { alertsToKeep, bodyOf, ruleKey } from './kept-alerts.ts';
import { createScrapeIngest, type ScrapeTarget } from './scrape-ingest.ts';
import type { CompiledGroup } from './compile-rules.ts';

export interface Evaluator {
  readonly groups: readonly ScheduledGroup[];
  readonly wants: (name: string) => boolean;
  /** Stores one scrape at `at`, ms since the epoch. */
  ingest(samples: readonly MetricSample[], at: number): void;
  /** Pending, firing and recently resolved alerts of every rule, by a key that survives a restart. */
  readonly alerts: () => AlertsByRule;
  /** Replaces all alerts; those of removed rules are dropped. */
  restore(alerts: AlertsByRule): void;
  /** Drops samples that are too old to be read at `at`, once a minute. */
  prune(at: number): void;
  /** The samples with which another rule set may continue. */
  readonly store: SeriesStore;
}

export type { AlertsByRule };

export interface ScheduledGroup extends CompiledGroup {
  /** Milliseconds. */
  readonly interval: number;
  /** Evaluates the rules in order at `at`, ms since the epoch. */
  readonly evaluate: (at: number) => void;
  readonly rules: () => readonly RuleHealth[];
}

export interface EvaluatorOptions {
  readonly groups: readonly CompiledGroup[];
  /** Ms, for groups without an interval of their own. */
  readonly evaluateEvery: number;
  readonly generation?: PrometheusMajor;
  readonly target: ScrapeTarget;
  /** Samples to start with; those that no rule reads are left out. */
  readonly past?: SeriesStore | null;
}

export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { groups, generation = 3, target, past = null } = options;
  const required = requiredSeriesOf(groups.map(({ group }) => group));
  const store = createSeriesStore(required);
  if (past !== null) copySamples(past, store);
  const scrapes = createScrapeIngest(store, required, { target, generation });
  // One engine per group: names of groups are unique only within their file.
  const scheduled = groups.map((compiled) => {
    const engine = createRuleEngine([compiled.group], store, {
      generation,
      // As in Prometheus, where it is the interval of its configuration.
      subqueryStep: options.evaluateEvery,
      externalUrl: `http://${target.instance}`,
    });
    return { engine, group: schedule(compiled, engine, options) };
  });
  return {
    groups: scheduled.map(({ group }) => group),
    store,
    wants: scrapes.wants,
    ingest: scrapes.ingest,
    alerts: () =>
      new Map(
        scheduled.flatMap(({ engine, group }) =>
          placesOf(engine, group).map(({ key, alerts }) => [key, alerts] as const),
        ),
      ),
    restore(alerts) {
      const places = scheduled.map(({ engine, group }) => placesOf(engine, group));
      const kept = alertsToKeep(
        places.flat().map(({ key }) => key),
        alerts,
      );
      for (const [index, { engine }] of scheduled.entries())
        engine.restore(
          new Map((places[index] ?? []).map(({ rule, key }) => [rule, kept.get(key) ?? []] as const)),
        );
    },
    prune: pruningSeldom(store),
  };
}

/** Ms. No rule reads what is too old, and looking for it takes as long as storing a scrape. */
const PRUNE_EVERY = 60_000;

function pruningSeldom(store: SeriesStore): Evaluator['prune'] {
  let prunedAt = -Infinity;
  return (at) => {
    if (Math.abs(at - prunedAt) < PRUNE_EVERY) return;
    prunedAt = at;
    store.prune(at);
  };
}

function schedule(
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

/** The rules of a group in their order, with the keys under which their alerts are kept. */
function placesOf(engine: RuleEngine, { key, group }: ScheduledGroup) {
  return [...engine.alerts()].map(([rule, alerts], index) => {
    const own = group.rules[index];
    return { rule, key: ruleKey(`${key} ${rule}`, own === undefined ? '' : bodyOf(own)), alerts };
  });
}

function copySamples(from: SeriesStore, to: SeriesStore): void {
  // The longest first: others may then share its times.
  const all = [...from.select({ name: null, matchers: [] })].sort((a, b) => b.length - a.length);
  for (const series of all)
    for (let index = 0; index < series.length; index += 1) {
      const time = series.timeAt(index);
      if (series.isStaleAt(index)) to.markStale(series.labels, time);
      else to.append(series.labels, time, series.valueAt(index));
    }
}
