// Choice of format and coding of /metrics by the Accept headers of a scraper.

/** Whether OpenMetrics 1.0 is wanted at least as much as the text format. */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(readRange);
  const open = best(ranges.filter(isOpenMetrics));
  // Who names neither, or takes anything, gets the format that everybody reads.
  return open > 0 && open >= best(ranges.filter(({ type }) => type === 'text/plain'));
}

/** Whether a response may be compressed with gzip; who says nothing gets it as it is. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '').split(',').map(readRange);
  const named = codings.find(({ type }) => type === 'gzip') ?? codings.find(({ type }) => type === '*');
  return named !== undefined && named.quality > 0;
}

interface MediaRange {
  readonly type: string;
  readonly version: string | null;
  readonly quality: number;
}

function readRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const valueOf = (name: string): string | null =>
    parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const quality = Number(valueOf('q') ?? 1);
  return { type, version: valueOf('version'), quality: Number.isNaN(quality) ? 0 : quality };
}

function isOpenMetrics({ type, version }: MediaRange): boolean {
  return type === 'application/openmetrics-text' && (version === null || version === '1.0.0');
}

function best(ranges: readonly MediaRange[]): number {
  return ranges.reduce((most, { quality }) => Math.max(most, quality), 0);
}
