// The rules at work on what was fed to them: every group with its own clockwork, over one common memory.
import type { Reading } from '../core/alert-rules.ts';
import type { Alert } from '../promql/alert-state.ts';
import { createEngine, type Engine, type RuleHealth } from '../promql/engine.ts';
import { interestsOf } from '../promql/interests.ts';
import { createStore, type Store } from '../promql/store.ts';
import { createFeed, type Target } from './feed.ts';
import type { CompiledGroup } from './rule-set.ts';

export interface Evaluator {
  readonly groups: readonly GroupAtWork[];
  readonly wants: (name: string) => boolean;
  /** One scrape at `at`, ms since the epoch. */
  feed(readings: readonly Reading[], at: number): void;
  /** Of every group, firing, pending, and those that ended lately. */
  alerts(): AlertsByGroup;
  /** Puts alerts back; those of groups that are gone are dropped. */
  restore(alerts: AlertsByGroup): void;
  prune(at: number): void;
  /** What another set of rules may go on with. */
  readonly store: Store;
}

/** By the key of the group. */
export type AlertsByGroup = ReadonlyMap<string, readonly Alert[]>;

export interface GroupAtWork extends CompiledGroup {
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
  readonly target: Target;
  /** Samples to begin with; what no rule reads is left out. */
  readonly past?: Store | null;
}

export function createEvaluator({ groups, evaluateEvery, target, past = null }: EvaluatorOptions): Evaluator {
  const interests = interestsOf(groups.map(({ group }) => group));
  const store = createStore(interests);
  if (past !== null) copy(past, store);
  const feed = createFeed(store, interests, target);
  // An engine each: names of groups are unique only within their file, and alerts are put back where they were.
  const engines = new Map<string, Engine>(
    groups.map(({ key, group }) => [key, createEngine([group], store)]),
  );
  const atWork = groups.map((compiled): GroupAtWork => {
    const engine = engines.get(compiled.key);
    return {
      ...compiled,
      interval: compiled.group.interval ?? evaluateEvery,
      evaluate: (at) => engine?.evaluateGroup(compiled.group, at),
      rules: () => engine?.rules() ?? [],
    };
  });
  return {
    groups: atWork,
    store,
    wants: feed.wants,
    feed: feed.take,
    alerts: () => new Map(atWork.map(({ key, rules }) => [key, rules().flatMap(({ alerts }) => alerts)])),
    restore(alerts) {
      for (const [key, engine] of engines) engine.restore(alerts.get(key) ?? []);
    },
    prune: (at) => store.prune(at),
  };
}

function copy(from: Store, to: Store): void {
  for (const series of from.select({ name: null, matchers: [] }))
    for (let index = 0; index < series.length; index += 1) {
      const time = series.timeAt(index);
      if (series.isStaleAt(index)) to.markStale(series.labels, time);
      else to.append(series.labels, time, series.valueAt(index));
    }
}
