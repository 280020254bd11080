// Figures of a run as JSON, and the change of a later run against them.
import { readFileSync, writeFileSync } from 'node:fs';

/** Changes up to this are the machine's, not ours. */
const NOISE = 0.1;

/** @param results by measurement: `name`, its `rows`, and the seconds that it took; null for what settled together with others */
export function saveFigures(path, { machine, results }) {
  const figures = Object.fromEntries(
    results.map(({ name, rows }) => [
      name,
      Object.fromEntries(
        rows
          .filter(({ why }) => why === undefined)
          .map(({ who, note, unit, median, ratio, floor }) => [
            nameOf(who, note),
            { median, unit, ratio, beside: floorOf(floor) },
          ]),
      ),
    ]),
  );
  const seconds = Object.fromEntries(results.map(({ name, took }) => [name, took]));
  writeFileSync(path, `${JSON.stringify({ machine, seconds, figures }, null, 2)}\n`);
}

/** @throws Error for what is no file of figures */
export function readFigures(path) {
  const read = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof read?.figures !== 'object')
    throw new Error(`${path} holds no figures of an earlier run (--save)`);
  return read;
}

/**
 * Compares ratios where both runs have one, since they depend less on the machine; else medians. Lower is better in all
 * measurements.
 *
 * @returns one line for each figure that both runs have, the largest change for the worse first
 */
export function compareFigures(results, { machine, figures }) {
  const changes = results.flatMap(({ name, rows }) =>
    rows.flatMap((row) => {
      const old = figures[name]?.[nameOf(row.who, row.note)];
      if (old === undefined || row.why !== undefined || old.unit !== row.unit) return [];
      // Files of earlier versions do not say beside what.
      const isBeside = old.beside === undefined || old.beside === floorOf(row.floor);
      const isRatio = Number.isFinite(old.ratio ?? Number.NaN) && row.ratio !== null && isBeside;
      const [before, now] = isRatio ? [old.ratio, row.ratio] : [old.median, row.median];
      return [{ name, row, before, now, unit: isRatio ? '×' : row.unit, by: now / before - 1 }];
    }),
  );
  const lines = changes
    .filter(({ by }) => Number.isFinite(by))
    .toSorted((one, other) => other.by - one.by)
    .map(({ name, row, before, now, unit, by }) => {
      const word = by > NOISE ? 'WORSE ' : by < -NOISE ? 'better' : 'same  ';
      const percent = `${by > 0 ? '+' : ''}${(by * 100).toFixed(0)} %`.padStart(7);
      return `${word} ${percent}  ${digits(before)} → ${digits(now)} ${unit}  ${name}: ${nameOf(row.who, row.note)}`;
    });
  return [`Compared with ${machine}:`, ...(lines.length > 0 ? lines : ['no figure in common'])].join('\n');
}

function floorOf(floor) {
  return floor?.short ?? floor?.who ?? null;
}

function nameOf(who, note) {
  return note === undefined ? who : `${who} (${note})`;
}

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
