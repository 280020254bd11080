// Routing of an Alertmanager config: the waits, repeats and inhibition rules that the watchdog then follows as well.
import { matcherOf, readMatchers } from '../../core/delivery/matcher-text.ts';
import { type LabelMatcher, type LabelSet, matchesAll } from '../../core/delivery/label-matcher.ts';
import type { Severity } from '../../core/model/vocabulary.ts';
import { SEVERITIES } from '../../core/model/vocabulary.ts';
import type { InhibitRule } from '../../core/notification/inhibition.ts';
import type { Routing } from '../../core/notification/routing.ts';
import {
  durationIn,
  errorAt,
  type Fields,
  fieldsOf,
  RuleError,
  textsIn,
} from '../../promql/rules/yaml-fields.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import { readDocument } from '../read/read-document.ts';
import { readText } from '../read/read-text.ts';

/** Why the text of a file cannot be used, by line. */
interface FileFault {
  readonly line: number;
  readonly reason: string;
}

/** Labels of an alert of the watchdog by which its route is found: those that are alike for all of them. */
const ALERT: LabelSet = { alertname: 'McpServerDown', job: 'mcp-watchdog' };

/** ms; what Alertmanager takes where no route says otherwise. */
const DEFAULTS: Times = { groupWait: 30_000, groupInterval: 300_000, repeatInterval: 14_400_000 };

interface Times {
  readonly groupWait: number;
  readonly groupInterval: number;
  readonly repeatInterval: number;
}

/** Reads the file of `alerts.alertmanager.configFile`; null when it cannot be used, which is reported then. */
export function readAlertmanagerFile(file: string, diagnostics: Diagnostics): Routing | null {
  // One that was changed is read again as the config is.
  diagnostics.envFiles.add(file);
  const read = readText(file);
  if ('refusal' in read) {
    diagnostics.add(['alerts', 'alertmanager', 'configFile'], read.refusal, { isHidden: true });
    return null;
  }
  const result = readRouting(read.text);
  if ('routing' in result) return result.routing;
  for (const { line, reason } of result.faults) diagnostics.addElsewhere({ file, line, path: '', reason });
  return null;
}

/** Reads what concerns the watchdog in the text of an Alertmanager config; receivers and secrets are not looked at. */
export function readRouting(
  text: string,
): { readonly routing: Routing } | { readonly faults: readonly FileFault[] } {
  const source = readDocument(text);
  if (source.faults.length > 0)
    return { faults: source.faults.map(({ line, reason }) => ({ line: line ?? 1, reason })) };
  try {
    return { routing: routingOf(source.tree) };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return { faults: [{ line: source.lineOf(error.path) ?? 1, reason: error.message }] };
  }
}

function routingOf(tree: unknown): Routing {
  const root = fieldsOf(tree, { path: [], title: 'A config of Alertmanager' });
  if (root.values['route'] === undefined)
    throw new RuleError('A config of Alertmanager must have a "route"; is this another file?', { path: [] });
  const route = fieldsOf(root.values['route'], { path: ['route'], title: 'route' });
  const times = new Map(SEVERITIES.map((severity) => [severity, timesOf(route, severity)]));
  const bySeverity = (key: keyof Times): Record<Severity, number> => ({
    critical: times.get('critical')?.[key] ?? DEFAULTS[key],
    warning: times.get('warning')?.[key] ?? DEFAULTS[key],
    info: times.get('info')?.[key] ?? DEFAULTS[key],
  });
  return {
    groupWait: bySeverity('groupWait'),
    groupInterval: bySeverity('groupInterval'),
    repeatInterval: bySeverity('repeatInterval'),
    inhibitRules: listOf(root, 'inhibit_rules').map((fields) => readInhibitRule(fields)),
  };
}

/** Returns the times of the routes that an alert of the watchdog takes; of several the shortest. */
function timesOf(root: Fields, severity: Severity): Times {
  const taken = routesFor(root, { ...ALERT, severity }, DEFAULTS);
  const shortest = (key: keyof Times): number => Math.min(...taken.map((times) => times[key]));
  return {
    groupWait: shortest('groupWait'),
    groupInterval: shortest('groupInterval'),
    repeatInterval: shortest('repeatInterval'),
  };
}

/** Goes down as Alertmanager does: the first child that matches, the next ones too after `continue`, else the route itself. */
function routesFor(route: Fields, labels: LabelSet, inherited: Times): readonly Times[] {
  const times = {
    groupWait: durationIn(route, 'group_wait') ?? inherited.groupWait,
    groupInterval: durationIn(route, 'group_interval') ?? inherited.groupInterval,
    repeatInterval: durationIn(route, 'repeat_interval') ?? inherited.repeatInterval,
  };
  const found: Times[] = [];
  let isOver = false;
  for (const child of listOf(route, 'routes')) {
    // Those that are not taken are read as well, so that a fault in them is found.
    const taken = routesFor(child, labels, times);
    if (isOver || !matchesAll(matchersIn(child, MATCHERS), labels)) continue;
    found.push(...taken);
    isOver = child.values['continue'] !== true;
  }
  return found.length > 0 ? found : [times];
}

interface MatcherKeys {
  readonly written: string;
  /** The same as maps of label to value, as Alertmanager had it before 0.22. */
  readonly equal: string;
  readonly regex: string;
}

const MATCHERS: MatcherKeys = { written: 'matchers', equal: 'match', regex: 'match_re' };
const SOURCE: MatcherKeys = { written: 'source_matchers', equal: 'source_match', regex: 'source_match_re' };
const TARGET: MatcherKeys = { written: 'target_matchers', equal: 'target_match', regex: 'target_match_re' };
const INHIBIT_KEYS: readonly string[] = [
  'name',
  'equal',
  ...[SOURCE, TARGET].flatMap(({ written, equal, regex }) => [written, equal, regex]),
];

function readInhibitRule(fields: Fields): InhibitRule {
  const other = Object.keys(fields.values).find((key) => !INHIBIT_KEYS.includes(key));
  if (other !== undefined)
    throw errorAt(fields, other, { message: `"${other}" is not a key of an inhibition rule` });
  return {
    source: matchersIn(fields, SOURCE),
    target: matchersIn(fields, TARGET),
    equal: textList(fields, 'equal'),
  };
}

function matchersIn(fields: Fields, { written, equal, regex }: MatcherKeys): LabelMatcher[] {
  const fail = (key: string, message: string): never => {
    throw errorAt(fields, key, { message });
  };
  const texts = textList(fields, written).flatMap((text) => {
    const read = readMatchers(text);
    return typeof read === 'string' ? fail(written, read) : read;
  });
  const maps = [
    [equal, '='],
    [regex, '=~'],
  ] as const;
  const older = maps.flatMap(([key, operator]) =>
    textsIn(fields, key).map(([name, value]) => {
      const matcher = matcherOf({ name, operator, value });
      return typeof matcher === 'string' ? fail(key, matcher) : matcher;
    }),
  );
  return [...texts, ...older];
}

function textList(fields: Fields, key: string): readonly string[] {
  const list: unknown = fields.values[key] ?? [];
  if (Array.isArray(list) && list.every((one) => typeof one === 'string')) return list;
  throw errorAt(fields, key, { message: `"${key}" must be a list of texts` });
}

function listOf(fields: Fields, key: string): Fields[] {
  const list: unknown = fields.values[key] ?? [];
  if (!Array.isArray(list)) throw errorAt(fields, key, { message: `"${key}" must be a list` });
  return list.map((value: unknown, index) => {
    const path = [...fields.path, key, index];
    return fieldsOf(value, { path, title: titleOf(path) });
  });
}

/** `route, routes 2` and `inhibit_rules 1`, counted from 1. */
function titleOf(path: Fields['path']): string {
  return path.reduce<string>(
    (title, part) =>
      typeof part === 'number' ? `${title} ${part + 1}` : title === '' ? part : `${title}, ${part}`,
    '',
  );
}
