import { expect, test } from 'vitest';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
}
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}
interface Span {
  readonly ask: () => Promise<{ readonly result: readonly Series[] }>;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}
interface Preview {
  readonly evaluateRules: (rules: readonly Rule[], span: Span) => Promise<string[]>;
}

test('in the story of a fleet each watchdog counts its own alerts, and no machine those of another', async () => {
  const file = new URL('../../grafana/preview/rules.mjs', import.meta.url).href;
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- a script without types
  const { evaluateRules } = (await import(file)) as Preview;
  const down = (instance: string, server: string): Series => ({
    metric: { job: 'mcp-watchdog', instance, server },
    values: [[60, '1']],
  });
  const lines = await evaluateRules(
    [{ alert: 'McpServerDown', expr: 'down', for: '0s', labels: { severity: 'critical' } }],
    {
      ask: async () => ({ result: [down('a', 'x'), down('a', 'y'), down('b', 'x')] }),
      start: 60,
      end: 60,
      step: 60,
    },
  );
  const counts = lines
    .filter((line) => line.startsWith('mcp_watchdog_alerts{') && line.includes('alertstate="firing"'))
    .map((line) => /instance="(\w)".* (\d+) 60$/u.exec(line)?.slice(1).join(' '));
  expect(counts).toEqual(['a 2', 'b 1']);
});
