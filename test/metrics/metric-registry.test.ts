import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMetricRegistry } from '../../src/metrics/metric-registry.ts';
import type { Sample } from '../../src/metrics/sample.ts';
import { parse } from '../fakes/stage.ts';

const PROBES = ['ping', 'list_tools', 'http', 'exec'];

/** Any samples of one owner, in any order, no series twice. */
function samplesOf(server: string): fc.Arbitrary<Sample[]> {
  const sample = fc.record({
    metric: fc.constantFrom(
      'probe_success' as const,
      'probes_total' as const,
      'probe_interval_seconds' as const,
    ),
    labels: fc.record({ server: fc.constant(server), probe: fc.constantFrom(...PROBES) }),
    value: fc.nat(100),
  });
  return fc.uniqueArray(sample, { selector: ({ metric, labels }) => `${metric} ${labels.probe}` });
}

function expected(shown: readonly Sample[]): Map<string, number> {
  return new Map(
    shown.map(({ metric, labels, value }) => [
      `mcp_watchdog_${metric}{server="${labels['server']}",probe="${labels['probe']}"}`,
      value,
    ]),
  );
}

test('a registry holds exactly the last samples of each owner, whatever it held before', async () => {
  const history = fc.array(fc.tuple(samplesOf('files'), samplesOf('other')), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(history, async (rounds) => {
      const registry = createMetricRegistry();
      for (const [files, other] of rounds) {
        registry.replaceSamples('files', files);
        registry.replaceSamples('other', other);
        const text = String(await registry.text());
        const shown = [...parse(text)].filter(
          ([series]) => series.startsWith('mcp_watchdog_probe') && series.includes('{'),
        );
        expect(new Map(shown)).toEqual(expected([...files, ...other]));
        expect(shown).toHaveLength(files.length + other.length);
      }
    }),
  );
});
