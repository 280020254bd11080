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

test('samples that come in groups are those of all groups, whichever of them are as before', async () => {
  const rounds = fc.array(fc.array(fc.option(samplesOf('files')), { maxLength: 3 }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(rounds, async (history) => {
      const registry = createMetricRegistry();
      let held: Sample[][] = [];
      for (const groups of history) {
        // Each series is in one group only, as those of a server are.
        const own = groups.map((group, index) =>
          group === null
            ? null
            : group.map((one) => ({ ...one, labels: { ...one.labels, server: `files-${index}` } })),
        );
        registry.replaceGroups('files', own);
        held = own.map((group, index) => group ?? held[index] ?? []);
        expect(shownBy(await registry.text())).toEqual(wanted(held.flat()));
      }
    }),
  );
});

test('of samples whose changes are known only those are looked at, unless others than these are held', async () => {
  const registry = createMetricRegistry();
  const labels = { server: 'files', probe: 'ping' };
  const samples = [
    { metric: 'probes_total' as const, labels, value: 1 },
    { metric: 'probe_success' as const, labels, value: 1 },
  ];
  registry.replaceGroups('files', [{ samples, changed: [] }]);
  for (const sample of samples) sample.value = 7;
  registry.replaceGroups('files', [{ samples, changed: [1] }]);
  const [first, second] = samples.map((sample) => sample.metric);
  expect(shownBy(await registry.text())).toEqual(
    wanted([
      { metric: first ?? 'probes_total', labels, value: 1 },
      { metric: second ?? 'probe_success', labels, value: 7 },
    ]),
  );
});

function shownBy(text: Buffer): Record<string, number> {
  const shown = [...parse(String(text))].filter(
    ([series]) => series.startsWith('mcp_watchdog_probe') && series.includes('{'),
  );
  return Object.fromEntries(shown);
}

function wanted(samples: readonly Sample[]): Record<string, number> {
  return Object.fromEntries(expected(samples));
}
