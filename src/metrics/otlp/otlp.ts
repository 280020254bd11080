// Push of all metrics over OTLP, by OpenTelemetry's own exporter, which is loaded only here.
import type { MetricSample } from '../../core/model/alert-rules.ts';
import { isObject } from '../../core/base/guards.ts';
import { OTLP_INSTALL, OTLP_PACKAGE } from '../../core/metrics/otlp-package.ts';
import type { Clock } from '../../system/time/clock.ts';
import { type MetricData, toMetricData } from './otlp-data.ts';

interface OtlpSettings {
  /** The endpoint in full: `http://127.0.0.1:4318/v1/metrics`. */
  readonly url: string;
  /** Milliseconds. */
  readonly interval: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface OtlpOptions {
  readonly settings: OtlpSettings;
  readonly clock: Clock;
  readonly version: string;
  readonly samples: () => Promise<readonly MetricSample[]>;
  /** Called when a push fails after one that did not, and with null when one succeeds again. */
  readonly onTrouble: (error: unknown) => void;
}

export interface OtlpPush {
  stop(): Promise<void>;
}

interface Exporter {
  export(metrics: object, done: (result: { readonly code: number; readonly error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

type ExporterModule = {
  readonly OTLPMetricExporter: new (options: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly timeoutMillis: number;
  }) => Exporter;
};

/** Milliseconds that one push may take, at most. */
const LONGEST_PUSH = 10_000;

/** Begins to push. @throws Error when the package is missing; the config has said so before */
export async function startOtlpPush(options: OtlpOptions): Promise<OtlpPush> {
  const { clock, settings, samples, version, onTrouble } = options;
  const exporter = await openExporter(settings);
  const start = clock.now();
  let isFailing = false;
  let isStopped = false;
  let cancel = (): void => {};

  async function push(): Promise<void> {
    try {
      const data = toMetricData(await samples(), { start, end: clock.now() });
      await send(exporter, resourceMetrics(data, version));
      if (isFailing) onTrouble(null);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onTrouble(error);
      isFailing = true;
    }
    schedule();
  }

  function schedule(): void {
    if (!isStopped) cancel = clock.after(settings.interval, () => void push());
  }

  schedule();
  return {
    async stop() {
      isStopped = true;
      cancel();
      await exporter.shutdown();
    },
  };
}

async function openExporter({ url, headers, interval }: OtlpSettings): Promise<Exporter> {
  const loaded: unknown = await import(OTLP_PACKAGE);
  if (!isExporterModule(loaded)) throw new Error(`${OTLP_PACKAGE} has no exporter: ${OTLP_INSTALL}`);
  return new loaded.OTLPMetricExporter({ url, headers, timeoutMillis: Math.min(interval, LONGEST_PUSH) });
}

function isExporterModule(value: unknown): value is ExporterModule {
  return isObject(value) && typeof value['OTLPMetricExporter'] === 'function';
}

function send(exporter: Exporter, metrics: object): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(metrics, ({ code, error }) => {
      if (code === 0) resolve();
      else reject(error ?? new Error('The receiver refused the metrics'));
    });
  });
}

function resourceMetrics(metrics: readonly MetricData[], version: string): object {
  const attributes = { 'service.name': 'mcp-watchdog', 'service.version': version };
  return {
    resource: { attributes },
    scopeMetrics: [{ scope: { name: 'mcp-watchdog', version }, metrics }],
  };
}
