// Draws the dashboard in DATA: its grid, and each panel in the way of its kind.
/* global colorOf, drawGraph, drawHeatmap, drawTimeline, format, mappingOf, timeText */

const CELL = { width: (1600 - 2 * 16 + 8) / 24, height: 38, gap: 8 };
const TOP = 56;

const KINDS = {
  timeseries: drawGraph,
  'state-timeline': drawTimeline,
  heatmap: drawHeatmap,
  stat: drawStat,
  gauge: drawStat,
  table: drawTable,
  text: drawText,
};

function drawDashboard() {
  drawHeader();
  for (const answer of DATA.panels) {
    const { panel } = answer;
    if (panel.type === 'row') drawRow(panel);
    else drawPanel(answer);
  }
}

function drawHeader() {
  const header = append(document.body, 'header');
  append(header, 'b', DATA.dashboard.title);
  for (const { name, type, label } of DATA.dashboard.templating?.list ?? []) {
    if (type === 'adhoc') continue;
    const choice = append(header, 'span');
    choice.className = 'choice';
    append(choice, 'i', label || name);
    const value = DATA.choices[name];
    choice.append(type === 'datasource' ? 'Prometheus' : value === '.+' ? 'All' : value);
  }
  append(
    header,
    'span',
    'preview drawn from the dashboard’s JSON with answers of a real Prometheus, not by Grafana',
  ).className = 'note';
  append(header, 'span', `${timeText(DATA.start)} – ${timeText(DATA.end)}`).className = 'time';
}

function drawRow(panel) {
  const row = box(panel, 'row');
  row.textContent = panel.title;
  if (panel.collapsed === true) {
    row.classList.add('closed');
    append(row, 'small', `(${panel.panels.length} panels)`);
  }
}

function drawPanel(answer) {
  const { panel, series } = answer;
  const element = box(panel, 'panel');
  append(element, 'h2', panel.title);
  const body = append(element, 'div');
  body.className = 'body';
  const draw = KINDS[panel.type];
  if (series.length === 0 && panel.type !== 'text')
    append(body, 'div', panel.fieldConfig.defaults.noValue ?? 'No data').className = 'empty';
  else if (draw === undefined) append(body, 'div', `not drawn here: ${panel.type}`).className = 'empty';
  else draw(body, answer);
}

function box({ gridPos: { x, y, w, h } }, className) {
  const element = append(document.body, 'div');
  element.className = className;
  Object.assign(element.style, {
    left: `${16 + x * CELL.width}px`,
    top: `${TOP + y * CELL.height}px`,
    width: `${w * CELL.width - CELL.gap}px`,
    height: `${h * CELL.height - CELL.gap}px`,
  });
  return element;
}

function append(parent, tag, text = '') {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
  return element;
}

function thresholdColor(value, { thresholds }) {
  const steps = thresholds?.steps ?? [];
  return colorOf(
    steps.findLast((step) => step.value === null || step.value === undefined || value >= step.value)?.color ??
      'text',
  );
}

function drawStat(body, { panel, series }) {
  const { defaults } = panel.fieldConfig;
  const { textMode, colorMode } = panel.options;
  const stats = append(body, 'div');
  stats.className = 'stats';
  const many = series.length > 1;
  for (const { name, points } of series) {
    const value = points.at(-1)[1];
    const mapped = mappingOf(value, defaults.mappings);
    const text =
      textMode === 'name' ? name : (mapped?.text ?? format(value, defaults.unit, defaults.decimals));
    const stat = append(stats, 'div', text);
    stat.className = 'stat';
    stat.style.color =
      colorMode === 'none' ? colorOf('text') : colorOf(mapped?.color ?? thresholdColor(value, defaults));
    const room = (body.clientWidth - 24) / (many ? Math.min(series.length, 4) : 1);
    stat.style.fontSize = `${Math.min(many ? 26 : 40, body.clientHeight * 0.55, (room / Math.max(3, text.length)) * 1.6)}px`;
    if (many && textMode !== 'name' && textMode !== 'value') append(stat, 'small', name);
  }
}

function drawText(body, { panel }) {
  body.classList.add('markdown');
  for (const paragraph of (panel.options.content ?? '').split('\n\n'))
    append(body, 'p', paragraph.replaceAll(/[*`#]|\]\([^)]*\)|\[/gu, ''));
}

/** Rows of all queries that agree in the labels that they have in common are one, as the transformation `merge` has it. */
function rowsOf(series) {
  const frames = Map.groupBy(series, ({ refId }) => refId);
  const common = [...frames.values()]
    .map((list) => new Set(list.flatMap(({ labels }) => Object.keys(labels))))
    .reduce((all, names) => all.intersection(names));
  const rows = new Map();
  for (const { refId, labels, points } of series) {
    const key = JSON.stringify([...common].map((name) => labels[name]));
    const same = rows.get(key) ?? rows.set(key, []).get(key);
    const field = frames.size > 1 ? `Value #${refId}` : 'Value';
    const free = same.find((row) => !(field in row));
    const cells = { ...labels, Time: points[0][0] * 1000, [field]: points[0][1] };
    if (free === undefined) same.push(cells);
    else Object.assign(free, cells);
  }
  return [...rows.values()].flat();
}

function columnsOf(panel, rows) {
  const {
    indexByName = {},
    renameByName = {},
    excludeByName = {},
  } = panel.transformations?.find(({ id }) => id === 'organize')?.options ?? {};
  const wanted = panel.transformations?.find(({ id }) => id === 'filterFieldsByName')?.options.include?.names;
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (field) => !excludeByName[field] && (wanted === undefined || wanted.includes(field)),
  );
  return fields
    .sort((a, b) => (indexByName[a] ?? 99) - (indexByName[b] ?? 99))
    .map((field) => ({ field, name: renameByName[field] ?? field }));
}

function drawTable(body, { panel, series }) {
  const rows = rowsOf(series);
  const columns = columnsOf(panel, rows).map((column) => ({ ...column, look: lookOf(panel, column.name) }));
  const [sort] = panel.options.sortBy ?? [];
  const sorted = columns.find(({ name }) => name === sort?.displayName);
  const compare = (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a ?? '').localeCompare(String(b ?? ''));
  if (sorted !== undefined)
    rows.sort((a, b) => compare(a[sorted.field], b[sorted.field]) * (sort.desc ? -1 : 1));
  const table = append(body, 'table');
  const head = append(table, 'tr');
  const isNumber = ({ field, look }) => field.startsWith('Value') && look.mappings === undefined;
  for (const column of columns) append(head, 'th', column.name).className = isNumber(column) ? 'number' : '';
  for (const row of rows) {
    const line = append(table, 'tr');
    for (const column of columns)
      drawCell(line, { ...column, value: row[column.field], isNumber: isNumber(column) });
  }
}

function drawCell(line, { value, look, isNumber }) {
  const mapped = mappingOf(value, look.mappings);
  const text =
    mapped?.text ?? (typeof value === 'number' ? format(value, look.unit, look.decimals) : (value ?? ''));
  const cell = append(line, 'td', text);
  cell.className = look.links === undefined ? (isNumber ? 'number' : '') : 'link';
  if (mapped?.color !== undefined) cell.style.color = colorOf(mapped.color);
  else if (typeof value === 'number' && look.isColored) cell.style.color = thresholdColor(value, look);
}

function lookOf({ fieldConfig: { defaults, overrides = [] } }, name) {
  const properties = overrides
    .filter(({ matcher }) => matcher.options === name)
    .flatMap((one) => one.properties);
  const own = Object.fromEntries(properties.map(({ id, value }) => [id, value]));
  return {
    ...defaults,
    links: undefined,
    mappings: undefined,
    ...own,
    isColored: own['custom.cellOptions'] !== undefined,
  };
}

drawDashboard();
