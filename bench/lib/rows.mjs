// What a measurement hands over, and how it becomes a line of the table.

/**
 * @param {object} facts `who`; `samples` in `unit`; `floor`: the row that it is compared with;
 *   `target`: { of: 'median' | 'ratio', atMost } or none; `note`: a short addition
 */
export function row(facts) {
  const median = quantile(facts.samples, 0.5);
  const ratio = facts.floor === undefined ? null : median / facts.floor.median;
  const judged = facts.target?.of === 'ratio' ? ratio : median;
  const isMet = facts.target === undefined ? null : judged <= facts.target.atMost;
  return { ...facts, median, p95: quantile(facts.samples, 0.95), ratio, isMet };
}

/** A contestant that could not take part. */
export function absent(who, why) {
  return { who, why, samples: [], isMet: null };
}

/** A measure that failed, or a part of it: a fault of its own, not of the machine. */
export function failed(who, error) {
  return { ...absent(who, `could not be measured: ${inOneLine(error)}`), isMet: false };
}

function inOneLine(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0].replaceAll('|', '/').slice(0, 200);
}

/** Linear between the two nearest. */
export function quantile(samples, share) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

/** Markdown; one table for all measurements, readable as it is in a terminal. */
export function table(results) {
  const head = ['', 'median', 'p95', 'n', 'ratio', 'target', ''];
  const lines = results.flatMap(({ title, rows }) => [
    [`**${title}**`, '', '', '', '', '', ''],
    ...rows.map(cells),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  const draw = (line) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [draw(head), rule, ...lines.map(draw)].join('\n');
}

function cells({ who, why, samples, unit, median, p95, ratio, floor, target, isMet, note }) {
  const name = `${who}${note === undefined ? '' : ` (${note})`}`;
  if (why !== undefined) return [name, why, '', '', '', '', ''];
  return [
    name,
    `${digits(median)} ${unit}`,
    samples.length > 1 ? digits(p95) : '',
    String(samples.length),
    ratio === null ? '' : `${ratio.toFixed(2)} × ${floor.short ?? floor.who}`,
    target === undefined ? '' : `≤ ${target.atMost}${target.of === 'ratio' ? ' ×' : ` ${unit}`}`,
    isMet === null ? '' : isMet ? 'met' : 'MISSED',
  ];
}

function digits(value) {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
