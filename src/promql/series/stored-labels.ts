// Labels of a scraped series as Prometheus stores them: version 3 writes bounds and quantiles as numbers with a fraction.
import type { PrometheusMajor } from '../model/series-source.ts';
import { type Labels, NAME } from '../model/labels.ts';
import { general } from '../template/go-numbers.ts';

/**
 * Returns what Prometheus stores for the labels of a sample: in version 3 `le="1"` of a bucket is `le="1.0"`, and so is the
 * `quantile` of a summary; in version 2 both stay as they were sent.
 */
export function storedLabels(name: string, labels: Labels, generation: PrometheusMajor): Labels {
  if (generation === 2) return labels;
  const label = name.endsWith('_bucket') ? 'le' : 'quantile';
  const written = labels[label];
  if (written === undefined || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu.test(written)) return labels;
  const normal = withFraction(general(Number(written)));
  return normal === written ? labels : { ...labels, [label]: normal };
}

function withFraction(text: string): string {
  return /[.e]/u.test(text) ? text : `${text}.0`;
}

/** Labels that a scrape adds to every series. */
export interface ScrapeTarget {
  readonly job: string;
  /** Host and port. */
  readonly instance: string;
}

/** A sample that may remember its labels with those of a scrape: rules and history then have one object for both. */
export interface ScrapedSample {
  readonly name: string;
  readonly labels: Labels;
  /** Null before they are known; undefined where nothing is to be remembered. */
  scraped?: Labels | null;
}

/** Returns all labels of a scraped series. @param target whose labels are added; null for none */
export function scrapedLabels(sample: ScrapedSample, target: ScrapeTarget | null): Labels {
  const { scraped } = sample;
  if (scraped === undefined || target === null) return withTarget(sample, target);
  if (scraped?.['job'] === target.job && scraped['instance'] === target.instance) return scraped;
  const labels = withTarget(sample, target);
  sample.scraped = labels;
  return labels;
}

/**
 * Copied one by one: in code that runs rarely V8 gives each `{ ...labels }` a hidden class of its own, which takes more memory
 * than the labels.
 */
function withTarget({ name, labels }: ScrapedSample, target: ScrapeTarget | null): Labels {
  const all: Record<string, string> = {};
  for (const label in labels) all[label] = labels[label] ?? '';
  if (target !== null) {
    all['job'] = target.job;
    all['instance'] = target.instance;
  }
  all[NAME] = name;
  return all;
}
