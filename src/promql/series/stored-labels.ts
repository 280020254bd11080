// Labels of a scraped series as Prometheus stores them: version 3 writes bounds and quantiles as numbers with a fraction.
import type { PrometheusMajor } from '../model/series-source.ts';
import type { Labels } from '../model/labels.ts';
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
