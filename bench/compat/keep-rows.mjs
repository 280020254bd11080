// Tables of docs/compatibility.md: a run of some rows replaces those and leaves the others.

/**
 * Puts the rows of a run into an earlier text, which is whatever stands above a table, and the table.
 *
 * @param names of all rows that there can be, in their order; rows of others stay at the end
 * @returns the text of the run, when its rows are all that there are, or there was no table of that shape before
 */
export function keepRows(before, now, names) {
  const [earlier, fresh] = [partsOf(before), partsOf(now)];
  const isWhole = names.every((name) => fresh.rows.has(name));
  if (isWhole || earlier.rows.size === 0 || earlier.head[0] !== fresh.head[0]) return now;
  const rows = new Map([...earlier.rows, ...fresh.rows]);
  const rank = (name) => (names.includes(name) ? names.indexOf(name) : names.length);
  const ordered = [...rows].toSorted(([one], [other]) => rank(one) - rank(other)).map(([, row]) => row);
  return `${earlier.above}${[...earlier.head, ...ordered].join('\n')}\n`;
}

/** `above`: what stands before the table; `rows`: its lines by the name that they begin with. */
function partsOf(text) {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith('| '));
  const table = first < 0 ? [] : lines.slice(first).filter((line) => line.startsWith('| '));
  return {
    above: lines
      .slice(0, Math.max(0, first))
      .map((line) => `${line}\n`)
      .join(''),
    head: table.slice(0, 2),
    rows: new Map(table.slice(2).map((line) => [nameOf(line), line])),
  };
}

/** `context7` of `| context7 (@upstash/context7-mcp) | …`; a cell without such an end as a whole. */
function nameOf(line) {
  const cell = line.split(' | ')[0].slice(2).trim();
  return cell.replace(/ \([^()]*\)$/u, '');
}
