// Format OpenMetrics 1.0, of what the client library writes in the text format.

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Returns the last families of an exposition: counters are named without their suffix, no line is empty, and the end is marked. */
export function asOpenMetrics(text: string): string {
  const families = text.replaceAll(/^(# (?:HELP|TYPE) \w+)_total(?= )/gmu, '$1').replaceAll(/^\n/gmu, '');
  return `${families}# EOF\n`;
}
