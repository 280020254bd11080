// Panels with a time axis: lines and bars, states, heat.
/* global colorOf, format, mappingOf, paletteOf, timeText, uPlot, thresholdColor */

const MARGIN = { left: 58, right: 14, bottom: 26 };

function momentsOf(step) {
  const first = Math.ceil(DATA.start / step) * step;
  return Array.from(
    { length: Math.floor((DATA.end - first) / step) + 1 },
    (_, index) => first + index * step,
  );
}

function aligned(points, moments) {
  const known = new Map(points);
  return moments.map((time) => known.get(time) ?? null);
}

/** Ticks at whole hours, or what comes near. */
function ticksOf(width) {
  const every =
    [900, 1800, 3600, 7200, 10_800, 21_600].find((one) => ((DATA.end - DATA.start) / one) * 62 < width) ??
    43_200;
  const first = Math.ceil(DATA.start / every) * every;
  return Array.from(
    { length: Math.floor((DATA.end - first) / every) + 1 },
    (_, index) => first + index * every,
  );
}

function drawGraph(body, { panel, series, step }) {
  const { defaults } = panel.fieldConfig;
  const custom = defaults.custom ?? {};
  const isStacked = custom.stacking?.mode === 'normal' || custom.stacking?.mode === 'percent';
  const isBars = custom.drawStyle === 'bars';
  const moments = momentsOf(step);
  const raw = series.map(({ points }) => aligned(points, moments));
  const data = isStacked ? stacked(raw) : raw;
  const colors = series.map((one, index) => overrideColor(panel, one.name) ?? paletteOf(index));
  const legend = legendOf(series, colors, panel);
  const { clientWidth: width, clientHeight: height } = body;
  const legendHeight = legend === null ? 0 : Math.min(34, legend.measure(body, width - 16));
  const options = {
    width: width - 16,
    height: height - 8 - legendHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [6, MARGIN.right, 0, 0],
    scales: {
      x: { time: true, range: [DATA.start, DATA.end] },
      y: { range: (_, min, max) => rangeOf(min, max, defaults) },
    },
    axes: [timeAxis(width), valueAxis(defaults)],
    series: [
      {},
      ...series.map(({ name }, index) =>
        lineOf({
          color: colors[index],
          custom: { ...custom, ...overrideStyle(panel, name) },
          isBars,
          isStacked,
          step,
          width,
        }),
      ),
    ],
    hooks: { drawAxes: [drawMarks], draw: [(plot) => drawThresholds(plot, defaults)] },
  };
  // What lies below is drawn last in a stack, so that each bar shows its own part.
  const order = isStacked ? data.map((_, index) => data.length - 1 - index) : data.map((_, index) => index);
  options.series = [{}, ...order.map((index) => options.series[index + 1])];
  const plot = new uPlot(options, [moments, ...order.map((index) => data[index])], body);
  if (legend !== null) body.append(legend.element);
  return plot;
}

function stacked(rows) {
  const sums = rows[0]?.map(() => 0) ?? [];
  return rows.map((row) => row.map((value, index) => (value === null ? null : (sums[index] += value))));
}

function lineOf({ color, custom, isBars, isStacked, step, width }) {
  const opacity = Math.round(((custom.fillOpacity ?? 0) / 100) * 255)
    .toString(16)
    .padStart(2, '0');
  const barWidth = Math.max(2, ((width - 80) * step) / (DATA.end - DATA.start) - 1);
  return {
    stroke: color,
    width: isBars ? 0 : (custom.lineWidth ?? 1),
    fill: isBars && isStacked ? color : color.length === 7 ? color + opacity : color,
    points: { show: false },
    ...(custom.lineStyle?.fill === 'dash' && { dash: custom.lineStyle.dash }),
    ...(isBars && { paths: uPlot.paths.bars({ size: [0.9, Math.max(barWidth, 5), 3] }) }),
    ...(custom.lineInterpolation === 'stepAfter' && { paths: uPlot.paths.stepped({ align: 1 }) }),
  };
}

function rangeOf(min, max, { min: fixedMin, max: fixedMax, custom = {}, thresholds }) {
  const lines = custom.thresholdsStyle?.mode?.startsWith('dashed') || custom.thresholdsStyle?.mode === 'line';
  const low = Math.min(min ?? 0, custom.axisSoftMin ?? Infinity, fixedMin ?? Infinity);
  const steps = lines
    ? thresholds.steps.map(({ value }) => value).filter((value) => value !== null && value !== undefined)
    : [];
  const near = steps.filter((value) => value < (max ?? 0) * 3);
  const high = Math.max(max ?? 1, ...near, custom.axisSoftMax ?? -Infinity);
  const top = fixedMax ?? (high === low ? low + 1 : high + (high - low) * 0.06);
  return [fixedMin ?? low, top];
}

function timeAxis(width) {
  return {
    ...axis(),
    space: 60,
    splits: () => ticksOf(width - 90),
    values: (_, splits) => splits.map(timeText),
    size: MARGIN.bottom,
  };
}

function valueAxis({ unit, decimals }) {
  const isBinary = unit === 'bytes';
  return {
    ...axis(),
    size: MARGIN.left,
    space: 34,
    ...(isBinary && { incrs: Array.from({ length: 50 }, (_, power) => 2 ** power) }),
    ...(unit === 's' && { incrs: DURATIONS }),
    values: (_, splits) =>
      // Without zeros at the end where each has its own unit: 768 MiB, 1.25 GiB.
      axisTexts(splits, unit, decimals).map((text) =>
        isBinary ? text.replace(/(\.\d*?)0+(?= )/u, (_, kept) => (kept === '.' ? '' : kept)) : text,
      ),
  };
}

/** Steps of an axis in seconds: 1, 2 and 5 below a minute, then whole minutes and hours. */
const DURATIONS = [
  ...[-6, -5, -4, -3, -2, -1, 0].flatMap((power) => [1, 2, 5].map((count) => count * 10 ** power)),
  10,
  20,
  60,
  120,
  300,
  600,
  1200,
  3600,
  7200,
  21_600,
  43_200,
  86_400,
];

/** With as few digits as tell one from the next. */
function axisTexts(splits, unit, decimals) {
  for (const digits of [0, 1, 2, 3]) {
    const texts = splits.map((value) => format(value, unit, digits));
    const isExact = splits.every(
      (value, index) =>
        Math.abs(format(value, unit, 6).replace(/[^\d.-]/gu, '') - texts[index].replace(/[^\d.-]/gu, '')) <
        1e-5,
    );
    if (isExact && new Set(texts).size === texts.length) return texts;
  }
  return splits.map((value) => format(value, unit, decimals));
}

const axis = () => ({
  stroke: '#9b9ba8',
  font: '11px Inter, sans-serif',
  grid: { stroke: '#25282e', width: 1 },
  ticks: { show: false },
});

function overridesOf(panel, name) {
  const applies = ({ id, options }) =>
    (id === 'byName' && options === name) ||
    (id === 'byRegexp' && new RegExp(String(options).replaceAll(/^\/|\/$/gu, ''), 'u').test(name));
  return (panel.fieldConfig.overrides ?? []).flatMap(({ matcher, properties }) =>
    applies(matcher) ? properties : [],
  );
}

function overrideColor(panel, name) {
  const color = overridesOf(panel, name).find(({ id, value }) => id === 'color' && value?.fixedColor);
  return color === undefined ? null : colorOf(color.value.fixedColor);
}

/** What is said otherwise of a line: `custom.lineStyle` and the like, by their last word. */
function overrideStyle(panel, name) {
  const own = overridesOf(panel, name).filter(({ id }) => id.startsWith('custom.'));
  return Object.fromEntries(own.map(({ id, value }) => [id.slice('custom.'.length), value]));
}

/** `  last 3, max 7`, where the legend has values. */
function valuesOf({ options, fieldConfig }, points) {
  const numbers = points.map(([, value]) => value).filter((value) => Number.isFinite(value));
  if ((options.legend?.calcs ?? []).length === 0 || numbers.length === 0) return '';
  const { unit, decimals } = fieldConfig.defaults;
  const shown = (value) => format(value, unit, decimals ?? null);
  return `  last ${shown(numbers.at(-1))}, max ${shown(numbers.reduce((most, one) => Math.max(most, one)))}`;
}

function legendOf(series, colors, panel) {
  if (series.length === 0) return null;
  const element = document.createElement('div');
  element.className = 'legend';
  for (const [index, { name, points }] of series.entries()) {
    const entry = document.createElement('span');
    entry.style.setProperty('--color', colors[index]);
    entry.textContent = `${name}${valuesOf(panel, points)}`;
    element.append(entry);
  }
  return {
    element,
    measure(body, width) {
      element.style.width = `${width}px`;
      body.append(element);
      const height = element.offsetHeight;
      element.remove();
      return height;
    },
  };
}

function drawThresholds(plot, { thresholds, custom = {} }) {
  if (!/dashed|line/u.test(custom.thresholdsStyle?.mode ?? '')) return;
  const { ctx, bbox } = plot;
  for (const { value, color } of thresholds?.steps ?? []) {
    if (value === null || value === undefined || value > plot.scales.y.max) continue;
    const y = plot.valToPos(value, 'y', true);
    stroke(ctx, {
      color: colorOf(color),
      dash: [10, 8],
      from: [bbox.left, y],
      to: [bbox.left + bbox.width, y],
      width: 1.4,
    });
  }
}

/** Annotations: a line where one begins, a strip below as long as it lasts. */
function drawMarks(plot) {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  for (const { from, to, color } of DATA.marks) {
    const x = plot.valToPos(from, 'x', true);
    if (x < bbox.left) continue;
    stroke(ctx, {
      color: `${colorOf(color)}66`,
      dash: [3, 5],
      from: [x, bbox.top],
      to: [x, bottom],
      width: 1,
    });
    ctx.fillStyle = colorOf(color);
    ctx.fillRect(x - 2, bottom, Math.max(4, plot.valToPos(to, 'x', true) - x), 3);
  }
}

function stroke(ctx, { color, dash, from, to, width }) {
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}

function drawTimeline(body, { panel, series, step }) {
  const { defaults } = panel.fieldConfig;
  body.classList.add('timeline');
  const names = Math.min(210, 16 + 6.6 * Math.max(...series.map(({ name }) => name.length)));
  const width = body.clientWidth - 16 - names - MARGIN.right;
  const height = (body.clientHeight - 28) / series.length;
  const x = (time) =>
    names + 8 + (width * (Math.max(time, DATA.start) - DATA.start)) / (DATA.end - DATA.start);
  const moments = momentsOf(step);
  for (const [row, { name, points }] of series.entries()) {
    const top = row * height;
    place(body, {
      className: 'name',
      text: name,
      style: { top, width: names, height, lineHeight: `${height}px` },
    });
    for (const { value, from, to } of merged(aligned(points, moments), moments, step)) {
      const { text, color } = mappingOf(value, defaults.mappings) ?? {
        text: format(value, defaults.unit, defaults.decimals),
      };
      const [left, right] = [x(from), x(Math.min(to, DATA.end))];
      const tall = Math.max(3, height * (panel.options.rowHeight ?? 0.9));
      const style = {
        left,
        width: Math.max(1.5, right - left),
        top: top + (height - tall) / 2,
        height: tall,
        lineHeight: `${tall}px`,
        background: `${colorOf(color ?? thresholdColor(value, defaults))}c8`,
      };
      place(body, {
        className: 'bar',
        text: right - left > 8 * String(text).length + 6 && tall > 12 ? text : '',
        style,
      });
    }
  }
  for (const time of ticksOf(width))
    place(body, { className: 'tick', text: timeText(time), style: { left: x(time), bottom: 4 } });
}

function merged(values, moments, step) {
  const runs = [];
  for (const [index, value] of values.entries()) {
    const last = runs.at(-1);
    if (value === null) runs.push(null);
    else if (last?.value === value) last.to = moments[index] + step;
    else runs.push({ value, from: moments[index], to: moments[index] + step });
  }
  return runs.filter((run) => run !== null);
}

function drawHeatmap(body, { panel, series, step }) {
  const bounds = series
    .map((one) => ({ ...one, le: one.labels.le === '+Inf' ? Infinity : Number(one.labels.le) }))
    .sort((a, b) => a.le - b.le);
  const moments = momentsOf(step);
  const columns = bounds.map(({ points }) => aligned(points, moments));
  const counts = columns.map((row, index) =>
    row.map((value, at) =>
      value === null ? null : value - (index === 0 ? 0 : (columns[index - 1][at] ?? 0)),
    ),
  );
  const most = Math.max(...counts.flat().map((value) => value ?? 0));
  const canvas = document.createElement('canvas');
  const [width, height] = [body.clientWidth - 16, body.clientHeight - 8];
  Object.assign(canvas, { width, height });
  body.append(canvas);
  const ctx = canvas.getContext('2d');
  const area = {
    left: MARGIN.left,
    top: 4,
    width: width - MARGIN.left - MARGIN.right,
    height: height - MARGIN.bottom - 4,
  };
  const [cellWidth, cellHeight] = [area.width / moments.length, area.height / bounds.length];
  for (const [row, values] of counts.entries())
    for (const [column, value] of values.entries()) {
      if (value === null || value <= 0) continue;
      ctx.fillStyle = heat((value / most) ** 0.5);
      const y = area.top + area.height - (row + 1) * cellHeight;
      ctx.fillRect(area.left + column * cellWidth, y, Math.max(1, cellWidth - 0.5), cellHeight - 1);
    }
  ctx.fillStyle = '#9b9ba8';
  ctx.font = '11px Inter, sans-serif';
  ctx.textAlign = 'right';
  const unit = panel.options.yAxis?.unit ?? 's';
  for (const [row, { le }] of bounds.entries())
    if (row % 2 === 1)
      ctx.fillText(
        le === Infinity ? '+Inf' : format(le, unit),
        area.left - 8,
        area.top + area.height - (row + 1) * cellHeight + 9,
      );
  ctx.textAlign = 'center';
  for (const time of ticksOf(area.width))
    ctx.fillText(
      timeText(time),
      area.left + (area.width * (time - DATA.start)) / (DATA.end - DATA.start),
      height - 6,
    );
}

/** Dark to light orange, on a dark page. */
function heat(share) {
  const from = [62, 33, 16];
  const to = [255, 214, 163];
  return `rgb(${from.map((value, index) => Math.round(value + (to[index] - value) * share)).join(',')})`;
}

function place(body, { className, text, style }) {
  const element = document.createElement('div');
  element.className = className;
  element.textContent = text;
  for (const [key, value] of Object.entries(style))
    element.style[key] = typeof value === 'number' ? `${value}px` : value;
  body.append(element);
}

Object.assign(globalThis, { drawGraph, drawTimeline, drawHeatmap });
