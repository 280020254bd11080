// What a scrape sees: who shows which samples, and the text that they make together.
// Written here and not by the client library, which makes garbage of every line: 15 MB more for 100 servers. A test
// checks that it would write the same.
import type { MetricDefinition } from '../core/metric-definition.ts';
import { METRIC_NAMES, METRIC_PREFIX, METRICS, type MetricName } from '../core/metrics.ts';
import { type Sample, seriesOf, writeValue } from './sample.ts';

export interface Board {
  /**
   * From now on `owner` shows exactly these samples: what it showed before and is not among them is gone.
   * No two owners may show the same series.
   */
  show(owner: string, samples: readonly Sample[]): void;
  /** Everything shown, family by family in the order of the catalogue. */
  text(): string;
}

/** One line, which stays the same object for as long as its series is shown. */
interface Line {
  readonly metric: MetricName;
  readonly series: string;
  value: number;
  /** The round in which it was last shown. */
  round: number;
}

export function createBoard(): Board {
  const families = new Map<MetricName, Set<Line>>(
    METRIC_NAMES.filter(isThere).map((name) => [name, new Set()]),
  );
  const owners = new Map<string, Map<string, Line>>();
  let round = 0;

  function put(lines: Map<string, Line>, sample: Sample): void {
    const { metric, value } = sample;
    const series = seriesOf(sample);
    const known = lines.get(series);
    if (known !== undefined) {
      known.value = value;
      known.round = round;
      return;
    }
    const line: Line = { metric, series, value, round };
    lines.set(series, line);
    families.get(metric)?.add(line);
  }

  return {
    show(owner, samples) {
      round += 1;
      const lines = owners.get(owner) ?? new Map<string, Line>();
      for (const sample of samples) put(lines, sample);
      for (const line of lines.values()) {
        if (line.round === round) continue;
        lines.delete(line.series);
        families.get(line.metric)?.delete(line);
      }
      if (lines.size === 0) owners.delete(owner);
      else owners.set(owner, lines);
    },
    text() {
      let text = '';
      for (const [metric, family] of families) text += writeFamily(metric, family);
      return text;
    },
  };
}

function isThere(metric: MetricName): boolean {
  const { later }: MetricDefinition = METRICS[metric];
  return later !== true;
}

/** The header is there even without a sample, so that a reader learns of every metric at once. */
function writeFamily(metric: MetricName, lines: ReadonlySet<Line>): string {
  const { help, type } = METRICS[metric];
  const name = METRIC_PREFIX + metric;
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const { series, value } of lines) text += `${series} ${writeValue(value)}\n`;
  return `${text}\n`;
}
