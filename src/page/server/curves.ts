// Curves of one server: probe, memory against its limits, CPU, calls.
import { html, nothing, type TemplateResult } from 'lit-html';
import { cpu, size } from '../../core/base/format.ts';
import type { PageServer } from '../../core/status/page-status.ts';
import { createChart, type Chart } from '../chart/chart.ts';
import type { App } from '../common/app.ts';
import { createLiveRange, type LiveRange } from '../common/live-range.ts';
import { rangeUntil } from '../model/curves/ranges.ts';
import type { RangeResult } from '../model/wire.ts';
import { rate, seconds, UNKNOWN } from '../model/words.ts';

interface Curve {
  readonly title: string;
  readonly hint: string;
  readonly query: (label: string) => string;
  readonly write: (value: number) => string;
  readonly limits: (server: PageServer) => readonly number[];
  /** What the axis reaches to at least. */
  readonly least?: number;
  /** Only of a server with a process of ours. */
  readonly ofProcess: boolean;
}

const none = (): readonly number[] => [];

const CURVES: readonly Curve[] = [
  {
    title: 'Probe',
    hint: 'p95 of 5 min',
    query: (label) =>
      `histogram_quantile(0.95, sum by (le) (rate(mcp_watchdog_probe_duration_seconds_bucket{${label}}[5m])))`,
    write: seconds,
    limits: none,
    ofProcess: false,
  },
  {
    title: 'Memory',
    hint: 'of its whole process tree',
    query: (label) => `mcp_watchdog_server_resident_memory_bytes{${label}} > 0`,
    write: size,
    limits: ({ limits: { memory } }) => [memory.soft, memory.hard].filter((limit) => limit !== null),
    ofProcess: true,
  },
  {
    title: 'CPU',
    hint: 'of one core',
    query: (label) => `rate(mcp_watchdog_server_cpu_seconds_total{${label}}[2m])`,
    write: cpu,
    limits: none,
    least: 0.01,
    ofProcess: true,
  },
  {
    title: 'Calls a minute',
    hint: 'through the gateway',
    query: (label) =>
      `sum(rate(mcp_server_operation_duration_seconds_count{${label},mcp_method_name="tools/call"}[5m])) * 60`,
    write: rate,
    limits: none,
    ofProcess: false,
  },
];

export interface Curves {
  read(server: PageServer, marks: readonly number[]): Promise<void>;
  draw(server: PageServer): TemplateResult;
  /** The daemon is another one: all is read anew. */
  forget(): void;
  close(): void;
}

interface Panel {
  readonly curve: Curve;
  readonly chart: Chart;
  readonly live: LiveRange;
  result: RangeResult | null;
  /** Why there is none. */
  trouble: string | null;
  /** Index that the pointer shows; null for the last. */
  point: number | null;
}

/** @param span seconds that are shown */
export function createCurves(app: App, name: string, span: () => number): Curves {
  const label = `server=${JSON.stringify(name)}`;
  const panels = CURVES.map((curve, index): Panel => {
    const panel: Panel = {
      curve,
      chart: createChart({
        height: 150,
        write: curve.write,
        isBytes: curve.write === size,
        colour: index + 1,
        label: curve.title,
        onPoint(point) {
          if (panel.point === point) return;
          panel.point = point;
          app.redraw();
        },
      }),
      live: createLiveRange(app.wire, curve.query(label)),
      result: null,
      trouble: null,
      point: null,
    };
    return panel;
  });
  const shown = (server: PageServer): Panel[] =>
    panels.filter(({ curve }) => !curve.ofProcess || server.source !== 'url');

  async function readPanel(panel: Panel, server: PageServer, marks: readonly number[]): Promise<void> {
    const answer = await panel.live.read(rangeUntil(Date.now(), span()));
    if (answer === null) return;
    panel.trouble = answer.ok ? null : answer.fault.message;
    if (!answer.ok) return;
    panel.result = answer.value;
    const { times, series } = answer.value;
    const values = series[0]?.values ?? times.map(() => null);
    panel.chart.show({
      times,
      lines: [{ label: panel.curve.title, values }],
      limits: panel.curve.limits(server),
      least: panel.curve.least,
      marks,
    });
  }

  function drawPanel({ curve, chart, result, trouble, point }: Panel, server: PageServer): TemplateResult {
    const values = result?.series[0]?.values;
    const value = point === null ? values?.slice(-3).findLast((one) => one !== null) : values?.[point];
    const isEmpty = result !== null && values?.some((one) => one !== null) !== true;
    const limits = curve.limits(server);
    return html`<section class="card panel">
      <header>
        <h2>${curve.title}</h2>
        <span class="soft small">${curve.hint}</span>
        <span class="now">
          ${limits.length === 0 ? nothing : html`<span class="soft small">${limits.length > 1 ? 'limits' : 'limit'} ${limits.map(curve.write).join(', ')}</span>`}
          <b>${value === null || value === undefined ? UNKNOWN : curve.write(value)}</b>
        </span>
      </header>
      ${
        isEmpty || (trouble !== null && result === null)
          ? html`<p class="blank soft">${trouble ?? 'Nothing in this time'}</p>`
          : chart.element
      }
    </section>`;
  }

  return {
    async read(server, marks) {
      await Promise.all(shown(server).map((panel) => readPanel(panel, server, marks)));
      app.redraw();
    },
    draw: (server) => html`${shown(server).map((panel) => drawPanel(panel, server))}`,
    forget() {
      for (const { live } of panels) live.forget();
    },
    close() {
      for (const { chart } of panels) chart.close();
    },
  };
}
