// Warnings about rules of the config that read metrics which nobody has: the catalogue is closed, so they never find anything.
import type { RuleDocument } from '../../core/model/alert-rules.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { exposedNames } from '../../core/metrics/metric-catalogue.ts';
import type { PrometheusMajor } from '../../promql/model/series-source.ts';
import { requiredSeriesOf } from '../../promql/rules/required-series.ts';
import { readRuleFile, type Rule, type RuleGroup } from '../../promql/rules/rule-file.ts';

/** What our own metrics begin with; a name like that can only be misspelt. */
const OWN = /^mcp_/u;
/** Names of others that one warning lists. */
const MOST_NAMES = 3;

/** Series that rules themselves write, or a scrape. */
const WRITTEN = ['ALERTS', 'ALERTS_FOR_STATE', 'up'];
const SCRAPES = /^scrape_/u;

/**
 * @param documents rule files that can be evaluated, the shipped ones included: rules may read what those record
 * @param generation whose language they are in
 */
export function unknownMetricWarnings(
  documents: readonly RuleDocument[],
  generation: PrometheusMajor,
): string[] {
  const files = documents.map(({ path, isBuiltIn, document }) => ({
    path,
    isBuiltIn,
    groups: readRuleFile(document, { generation }),
  }));
  const rules = files.flatMap(({ groups }) => groups.flatMap((group) => group.rules));
  const recorded = rules.flatMap((rule) => (rule.kind === 'recording' ? [rule.name] : []));
  const known = new Set([...exposedNames(), ...WRITTEN, ...recorded]);
  return files.flatMap(({ path, isBuiltIn, groups }) => (isBuiltIn ? [] : warningsFor(path, groups, known)));
}

function warningsFor(path: string, groups: readonly RuleGroup[], known: ReadonlySet<string>): string[] {
  const readers = new Map<string, string[]>();
  for (const group of groups)
    for (const rule of group.rules)
      for (const name of namesIn(group, rule))
        if (!known.has(name) && !SCRAPES.test(name))
          readers.set(name, [...(readers.get(name) ?? []), `rule "${rule.name}"`]);
  const misspelt = [...readers].filter(([name]) => OWN.test(name));
  const foreign = [...readers.keys()].filter((name) => !OWN.test(name));
  return [
    ...misspelt.map(([name, by]) => `${path}: ${by[0]} reads ${name}, ${adviceFor(name, known)}`),
    ...(foreign.length === 0 ? [] : [`${path}: ${aboutForeign(foreign)}`]),
  ];
}

function namesIn(group: RuleGroup, rule: Rule): string[] {
  const read = requiredSeriesOf([{ ...group, rules: [rule] }]).flatMap(({ selector }) => selector.name ?? []);
  return [...new Set(read)];
}

function adviceFor(name: string, known: ReadonlySet<string>): string {
  const near = suggestSpelling(name, [...known]);
  return near === null
    ? 'which no metric is called (docs/metrics.md lists them)'
    : `which no metric is called; did you mean ${near}?`;
}

function aboutForeign(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  const list = `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `rules read ${list}, which the watchdog does not have: here they find nothing, only a Prometheus that scrapes others can evaluate them`;
}
