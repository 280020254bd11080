// Query: an expression of PromQL over what the watchdog keeps, as chart and table.
import { html, nothing, type TemplateResult } from 'lit-html';
import { size } from '../../core/base/format.ts';
import { createChart, COLOURS, type Chart } from '../chart/chart.ts';
import type { App, View } from '../common/app.ts';
import { createLiveRange } from '../common/live-range.ts';
import { segments } from '../common/parts.ts';
import { loadStyle } from '../common/style.ts';
import { EXAMPLES, labelText, unitOf, caretFor } from './query-words.ts';
import { RANGES, rangeUntil, secondsOf, type RangeKey } from '../model/curves/ranges.ts';
import { writeRoute } from '../model/route.ts';
import type { RangeResult } from '../model/wire.ts';
import { plural } from '../model/words.ts';

/** Lines of the chart; the table has all. */
const MOST_LINES = 20;
const MOST_ROWS = 500;
/** Ms between two readings. */
const AGAIN = 15_000;

export function openQuery(app: App, given: string | null): View {
  loadStyle('views.css');
  const expression = given ?? EXAMPLES[0].expression;
  let shownAs: 'chart' | 'table' = 'chart';
  let range: RangeKey = '3';
  let result: RangeResult | null = null;
  let took = 0;
  let trouble: string | null = null;
  let point: number | null = null;
  const live = createLiveRange(app.wire, expression);
  const write = unitOf(expression);
  const chart: Chart = createChart({
    height: 340,
    write,
    isBytes: write === size,
    colour: 1,
    label: expression,
    onPoint(index) {
      if (point === index) return;
      point = index;
      app.redraw();
    },
  });

  async function read(): Promise<void> {
    const began = performance.now();
    const answer = await live.read(rangeUntil(Date.now(), secondsOf(range)));
    if (answer === null) return;
    took = performance.now() - began;
    trouble = answer.ok ? null : answer.fault.message;
    if (answer.ok) {
      result = answer.value;
      const lines = result.series
        .slice(0, MOST_LINES)
        .map(({ labels, values }) => ({ label: labelText(labels), values }));
      chart.show({ times: result.times, lines });
    }
    app.redraw();
  }

  void read();
  const timer = setInterval(() => {
    if (!document.hidden && app.state().gone === null && trouble === null) void read();
  }, AGAIN);

  function choose(key: RangeKey): void {
    range = key;
    void read();
    app.redraw();
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const asked = new FormData(event.target).get('expression');
    if (typeof asked !== 'string' || asked.trim() === '') return;
    if (asked === expression) void read();
    else app.go({ view: 'query', expression: asked });
  }

  function draw(): TemplateResult {
    return html`<section class="verdict">
        <h1>Query</h1>
        <p class="soft">
          PromQL over what the watchdog keeps, as Prometheus answers. Grafana can use
          <code>${location.origin}</code> as its data source.
        </p>
      </section>
      <form class="ask" @submit=${submit}>
        <label class="unseen" for="expression">Expression</label>
        <textarea
          id="expression"
          name="expression"
          rows="1"
          data-search
          spellcheck="false"
          autocomplete="off"
          autocapitalize="off"
          enterkeyhint="go"
          aria-describedby="query-says"
          aria-invalid=${trouble === null ? 'false' : 'true'}
          .value=${expression}
          @keydown=${submitOnEnter}
        ></textarea>
        <button type="submit" class="main">Run</button>
      </form>
      <nav class="chips" aria-label="Examples">
        ${EXAMPLES.map(
          (one) =>
            html`<a href=${writeRoute({ view: 'query', expression: one.expression })} title=${one.expression}
              >${one.title}</a
            >`,
        )}
      </nav>
      ${trouble === null ? answer() : wrong(trouble)}`;
  }

  function wrong(said: string): TemplateResult {
    const caret = caretFor(said, expression);
    return html`<div class="wrong" id="query-says" role="alert">
      ${caret === null ? nothing : html`<pre tabindex="0" role="region" aria-label="Where it is wrong">${caret}</pre>`}
      <p><bdi>${said}</bdi></p>
    </div>`;
  }

  function answer(): TemplateResult {
    const count = result?.series.length ?? 0;
    const says =
      result === null
        ? 'Asking…'
        : `${plural(count, 'series').replace('seriess', 'series')}, ${result.times.length} points each, ${Math.round(took)} ms${count > MOST_LINES && shownAs === 'chart' ? `; the first ${MOST_LINES} are drawn` : ''}`;
    return html`<section class="card panel">
      <header>
        ${segments('Shown as', SHOWN, shownAs, (key) => {
          shownAs = key;
          app.redraw();
        })}
        <span class="soft small" id="query-says" role="status">${says}</span>
        <span class="end"
          >${segments(
            'Time range',
            RANGES.map(({ key, label }) => ({ key, label })),
            range,
            choose,
          )}</span
        >
      </header>
      ${(result?.warnings ?? []).map((warning) => html`<p class="small amber"><bdi>${warning}</bdi></p>`)}
      ${
        result !== null && count === 0
          ? html`<p class="blank soft">Nothing fits, or nothing was recorded in this time.</p>`
          : html`${shownAs === 'chart' ? chart.element : nothing} ${table()}`
      }
    </section>`;
  }

  function table(): TemplateResult | typeof nothing {
    if (result === null) return nothing;
    const at = point;
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Result">
      <table class="result">
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col" class="number">${at === null ? 'now' : 'then'}</th>
          </tr>
        </thead>
        <tbody>
          ${result.series.slice(0, MOST_ROWS).map(({ labels, values }, index) => {
            const value = at === null ? values.findLast((one) => one !== null) : values[at];
            return html`<tr>
              <td>
                ${shownAs === 'chart' && index < MOST_LINES ? swatch(index) : nothing}<code
                  ><bdi>${labelText(labels)}</bdi></code
                >
              </td>
              <td class="number">${value === null || value === undefined ? '–' : write(value)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
  }

  return {
    title: 'Query',
    draw,
    onKey(key) {
      const chosen = RANGES.find((one) => one.key === key);
      if (chosen === undefined) return false;
      choose(chosen.key);
      return true;
    },
    onNews(isBack) {
      if (!isBack) return;
      live.forget();
      void read();
    },
    close() {
      clearInterval(timer);
      chart.close();
    },
  };
}

/** As in a field of one line; with Shift it begins another line. */
function submitOnEnter(event: KeyboardEvent): void {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (event.target instanceof HTMLTextAreaElement) event.target.form?.requestSubmit();
}

const SHOWN = [
  { key: 'chart', label: 'chart' },
  { key: 'table', label: 'table' },
] as const;

function swatch(index: number): TemplateResult {
  return html`<svg class="swatch" viewBox="0 0 12 4" aria-hidden="true">
    <rect class="fill-${(index % COLOURS) + 1}" width="12" height="4"></rect>
  </svg>`;
}
