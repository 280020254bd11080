// The page that a browser takes the picture of: everything is in it, nothing is fetched.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
const read = (path) => readFileSync(path, 'utf8');
const beside = (name) => read(new URL(name, import.meta.url));

/** @param answers what `answersOf` gave; infinite numbers become null */
export function pageOf(answers) {
  const data = JSON.stringify(answers).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<style>${read(join(uplot, 'uPlot.min.css'))}${beside('page.css')}</style>
<body>
<script>${read(join(uplot, 'uPlot.iife.min.js'))}</script>
<script>const DATA = ${data};</script>
<script>${['format.js', 'graphs.js', 'draw.js'].map(beside).join('\n')}</script>
</body>
</html>
`;
}

const CELL = { height: 30, gap: 8 };
const HEADER = 56;

/** Of the whole page, pixels. */
export function heightOf({ panels }) {
  const rows = Math.max(...panels.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  return HEADER + rows * (CELL.height + CELL.gap) + 12;
}
