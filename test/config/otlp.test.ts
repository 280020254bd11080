// Config of the OTLP push: refused with the command that installs what is missing.
import { expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { inFolder, problemsOf } from './temporary.ts';

const state = vi.hoisted(() => ({ isInstalled: true }));
vi.mock('node:module', () => ({
  createRequire: () => ({
    resolve(name: string): string {
      if (state.isInstalled) return name;
      throw new Error('not found');
    },
  }),
}));

const CONFIG = (otlp: string): string =>
  `metrics: {otlp: ${otlp}}\nservers: {context7: {package: "@upstash/context7-mcp"}}`;

it('fills in interval and headers', () => {
  state.isInstalled = true;
  const path = inFolder({ 'config.yaml': CONFIG('{url: "http://127.0.0.1:4318/v1/metrics"}') });
  expect(loadConfig(path, {}).config.metrics.otlp).toEqual({
    url: 'http://127.0.0.1:4318/v1/metrics',
    interval: 60_000,
    headers: {},
  });
});

it('names the command that installs the exporter', () => {
  state.isInstalled = false;
  expect(problemsOf(CONFIG('{url: "http://127.0.0.1:4318/v1/metrics"}'))).toEqual([
    expect.stringMatching(
      /metrics\.otlp.*npm install --global @opentelemetry\/exporter-metrics-otlp-http@0\.221/u,
    ),
  ]);
  expect(loadConfig(inFolder({ 'config.yaml': CONFIG('null') }), {}).config.metrics.otlp).toBeNull();
});
