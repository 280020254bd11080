// Sparkline: a short series as one path.

export const SPARK_WIDTH = 76;
export const SPARK_HEIGHT = 18;

/** Least span of the scale as a share of the largest value: what hardly moves is drawn flat. */
const CALM = 0.15;
/** Least span at all: parts of smaller numbers are no longer exact. */
const LEAST = 1e-300;

/** Draws the values, null where there is none; a gap stays a gap. Empty when there is nothing to draw. */
export function sparkPath(values: readonly (number | null)[]): string {
  const known = values.flatMap((value) => (value !== null && Number.isFinite(value) ? [value] : []));
  if (known.length < 2) return '';
  const top = Math.max(...known);
  const bottom = Math.min(...known);
  const middle = (top + bottom) / 2;
  const reach = Math.max(top - bottom, Math.abs(top) * CALM, LEAST);
  const step = SPARK_WIDTH / Math.max(1, values.length - 1);
  let path = '';
  let isDrawing = false;
  values.forEach((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      isDrawing = false;
      return;
    }
    const y = SPARK_HEIGHT / 2 - ((value - middle) / reach) * (SPARK_HEIGHT - 4);
    path += `${isDrawing ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    isDrawing = true;
  });
  return path;
}
