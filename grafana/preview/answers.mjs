// What a dashboard would get from Prometheus: each query of each panel with Grafana's variables filled in.

/** Between two scrapes, seconds: `jsonData.timeInterval` of the data source. */
const COLUMNS = 24;
const PAGE_WIDTH = 1600;

/**
 * @param options `ask`; `start`, `end` and `scrape` in seconds; `choices`: values of variables, `.+` for those not named
 * @returns the panels with their answers, and the marks on the time axis; times in seconds
 */
export async function answersOf(dashboard, { ask, start, end, scrape, choices = {} }) {
  const span = { start, end, scrape };
  const values = valuesOf(dashboard, choices);
  const panels = [];
  for (const panel of dashboard.panels.flatMap((one) => [
    one,
    ...(one.collapsed === true ? [] : (one.panels ?? [])),
  ]))
    panels.push({ panel, ...(await answerPanel(panel, { ask, values, ...span })) });
  const marks = [];
  for (const annotation of dashboard.annotations?.list ?? [])
    if (annotation.expr !== undefined && annotation.enable !== false)
      marks.push(...(await marksOf(annotation, { ask, values, ...span })));
  return { dashboard, start, end, choices: values, panels, marks };
}

function valuesOf(dashboard, choices) {
  const list = dashboard.templating?.list ?? [];
  return Object.fromEntries(
    list.map(({ name, type, current, query }) => [
      name,
      choices[name] ?? (type === 'query' ? '.+' : (current?.value ?? String(query ?? '').split(',')[0])),
    ]),
  );
}

async function answerPanel(panel, { ask, values, start, end, scrape }) {
  const width = ((panel.gridPos?.w ?? COLUMNS) / COLUMNS) * PAGE_WIDTH;
  const step = stepOf({ start, end, scrape, width });
  const fill = (text) => substitute(text, { values, start, end, scrape, step });
  const series = [];
  for (const { expr, refId, legendFormat, instant } of panel.targets ?? []) {
    const query = fill(expr);
    const moments = { start: Math.ceil(start / step) * step, end, step };
    const { result } = await (instant === true
      ? ask('query', { query, time: end })
      : ask('query_range', { query, ...moments }));
    for (const { metric, value, values: points } of result)
      series.push({
        refId,
        labels: metric,
        name: nameOf(legendFormat, metric),
        points: (points ?? [value]).map(numeric),
      });
  }
  return { step, series };
}

/** As Grafana chooses it: about one point for two pixels, never finer than the scrapes, of a round length. */
function stepOf({ start, end, scrape, width }) {
  const wanted = (end - start) / (width / 2);
  const round = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200];
  return Math.max(scrape, round.find((one) => one >= wanted) ?? 7200);
}

function substitute(text, { values, start, end, scrape, step }) {
  const all = {
    ...values,
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    __interval: `${step}s`,
    __range: `${end - start}s`,
    __range_s: String(end - start),
  };
  return text.replaceAll(
    /\$(?:\{(\w+)(?::\w+)?\}|(\w+))/gu,
    (whole, braced, bare) => all[braced ?? bare] ?? whole,
  );
}

function nameOf(format, labels) {
  if (format === undefined || format === '__auto' || format === '') return JSON.stringify(labels);
  return format.replaceAll(/\{\{\s*(\w+)\s*\}\}/gu, (_, label) => labels[label] ?? '').trim();
}

const numeric = ([time, value]) => [
  time,
  value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value),
];

/** Where the value is a time, that; else from the first sample of each stretch to its last. */
async function marksOf(
  { expr, name, iconColor, useValueForTime, step = '60s' },
  { ask, values, start, end, scrape },
) {
  const every = Number.parseInt(step, 10);
  const query = substitute(expr, { values, start, end, scrape, step: every });
  const { result } = await ask('query_range', { query, start, end, step: every });
  const stretches = result.flatMap(({ values: points }) =>
    useValueForTime === true
      ? [...new Set(points.map(([, value]) => Number(value) / 1000))].map((at) => ({ from: at, to: at }))
      : stretchesOf(
          points.map(([time]) => time),
          every,
        ),
  );
  return stretches
    .filter(({ from }) => from > start && from <= end)
    .map((one) => ({ ...one, name, color: iconColor }));
}

function stretchesOf(times, every) {
  const found = [];
  for (const time of times) {
    const last = found.at(-1);
    if (last !== undefined && time - last.to <= every) last.to = time;
    else found.push({ from: time, to: time });
  }
  return found;
}
