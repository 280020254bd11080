// What the rules would have recorded and alerted over a span of time, each expression worked out by Prometheus.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The rules in the order in which they can be worked out: each level reads only what earlier ones made. */
export function levelsOf(files) {
  const rules = files.flatMap((file) =>
    parse(readFileSync(file, 'utf8')).groups.flatMap(({ rules }) => rules),
  );
  const made = new Map();
  const levelOf = (rule) => {
    const sources = rules.filter(({ record }) => record !== undefined && rule.expr.includes(record));
    return (
      1 +
      Math.max(
        -1,
        ...sources.map(
          (source) => made.get(source.record) ?? made.set(source.record, levelOf(source)).get(source.record),
        ),
      )
    );
  };
  const levels = [];
  for (const rule of rules) (levels[levelOf(rule)] ??= []).push(rule);
  return levels;
}

/**
 * @param options `start`, `end`, `step` in seconds; nothing is evaluated while `isAsleep(time)`
 * @returns lines in OpenMetrics, those of one series in order of time
 */
export async function evaluateRules(rules, { ask, start, end, step, isAsleep = () => false }) {
  const moments = Array.from(
    { length: Math.floor((end - start) / step) + 1 },
    (_, index) => start + index * step,
  );
  const awake = moments.filter((time) => !isAsleep(time));
  const lines = [];
  for (const rule of rules) {
    const { result } = await ask('query_range', { query: rule.expr, start, end, step });
    for (const { metric, values } of result) {
      const known = new Map(values);
      if (rule.record !== undefined) lines.push(...recorded(rule, metric, awake, known));
      else lines.push(...alerted(rule, metric, awake, known));
    }
    if (rule.alert !== undefined) lines.push(...countedByUs(rule, lines, awake));
  }
  return lines;
}

function recorded({ record, labels }, metric, moments, known) {
  const series = seriesOf(record, { ...metric, ...labels });
  return moments.filter((time) => known.has(time)).map((time) => `${series} ${known.get(time)} ${time}`);
}

/** Pending until `for` is over, then firing until it is no longer true for `keep_firing_for`. */
function alerted(rule, metric, moments, known) {
  const { __name__: _, ...own } = metric;
  const waits = secondsOf(rule.for);
  const keeps = secondsOf(rule.keep_firing_for);
  let since = null;
  let last = null;
  return moments.flatMap((time) => {
    const isTrue = known.has(time);
    const isKept = !isTrue && since !== null && last - since >= waits && time - last <= keeps;
    if (!isTrue && !isKept) {
      since = null;
      return [];
    }
    since ??= time;
    if (isTrue) last = time;
    const alertstate = isKept || time - since >= waits ? 'firing' : 'pending';
    return [`${seriesOf('ALERTS', { ...own, ...rule.labels, alertname: rule.alert, alertstate })} 1 ${time}`];
  });
}

/** Each watchdog holds its own of these alerts, and says how many. */
function countedByUs({ alert, labels }, lines, moments) {
  if (labels.component === 'fleet') return [];
  const mine = lines.filter((line) => line.startsWith('ALERTS{') && line.includes(`alertname="${alert}"`));
  const machineOf = (line) => /instance="([^"]*)"/u.exec(line)?.[1];
  const machines = [...new Set(mine.map(machineOf))].filter((machine) => machine !== undefined);
  return machines.flatMap((instance) =>
    countedOn(instance, { alert, own: mine.filter((line) => machineOf(line) === instance), moments }),
  );
}

function countedOn(instance, { alert, own, moments }) {
  const counts = new Map();
  for (const line of own) {
    const key = `${/alertstate="(\w+)"/u.exec(line)[1]} ${line.slice(line.lastIndexOf(' ') + 1)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return ['pending', 'firing'].flatMap((alertstate) => {
    const series = seriesOf('mcp_watchdog_alerts', {
      alertname: alert,
      alertstate,
      instance,
      job: 'mcp-watchdog',
    });
    return moments.map((time) => `${series} ${counts.get(`${alertstate} ${time}`) ?? 0} ${time}`);
  });
}

function seriesOf(name, labels) {
  const own = Object.entries(labels).filter(([label]) => label !== '__name__');
  const pairs = own.map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${pairs.join(',')}}`;
}

function secondsOf(text = '0s') {
  const units = { s: 1, m: 60, h: 3600, d: 86_400 };
  return [...text.matchAll(/(\d+)([smhd])/gu)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit],
    0,
  );
}
