// Log of one server: its last lines as they come, filtered; only for who is signed in.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { App } from '../common/app.ts';
import { command, searchField } from '../common/parts.ts';
import type { LogLine } from '../model/wire.ts';
import { clock, utc } from '../model/words.ts';

/** Lines that are kept: more would only be searched in the terminal. */
const MOST = 1000;
const SHOWN = 400;

export interface LogPanel {
  start(): void;
  draw(): TemplateResult;
  focus(): boolean;
  close(): void;
}

export function createLogPanel(app: App, name: string): LogPanel {
  let lines: readonly LogLine[] = [];
  let filter = '';
  let trouble: string | null = null;
  let isFollowing = true;
  let stop: AbortController | null = null;

  async function follow(signal: AbortSignal): Promise<void> {
    lines = [];
    trouble = null;
    const fault = await app.wire.log(
      name,
      (more) => {
        if (signal.aborted) return;
        lines = [...lines, ...more].slice(-MOST);
        app.redraw();
        requestAnimationFrame(scrollDown);
      },
      signal,
    );
    if (signal.aborted) return;
    trouble = fault.kind === 'gone' ? null : fault.message;
    app.redraw();
  }

  function scrollDown(): void {
    const place = document.querySelector('.log');
    if (isFollowing && place !== null) place.scrollTop = place.scrollHeight;
  }

  function onScroll(event: Event): void {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const isAtEnd = target.scrollHeight - target.scrollTop - target.clientHeight < 24;
    if (isAtEnd === isFollowing) return;
    isFollowing = isAtEnd;
    app.redraw();
  }

  function content(): TemplateResult {
    if (!app.state().hasSession && lines.length === 0)
      return html`<div class="locked">
        <p class="soft">Whoever can open this page sees what /metrics shows. The log needs a session:</p>
        ${command('mcp-watchdog open', app.say)}
      </div>`;
    if (trouble !== null) return html`<p class="blank soft"><bdi>${trouble}</bdi></p>`;
    const words = filter.toLowerCase();
    const fitting = words === '' ? lines : lines.filter(({ text }) => text.toLowerCase().includes(words));
    return html`<div
      class="log"
      tabindex="0"
      role="log"
      aria-label="Log of ${name}"
      aria-live="off"
      @scroll=${onScroll}
    >
      ${
        fitting.length === 0
          ? html`<p class="soft">${lines.length === 0 ? 'Nothing was printed yet' : 'No line fits'}</p>`
          : fitting.slice(-SHOWN).map(drawLine)
      }
    </div>`;
  }

  return {
    start() {
      stop?.abort();
      if (!app.state().hasSession) return;
      stop = new AbortController();
      void follow(stop.signal);
    },
    draw() {
      return html`<section class="card panel">
        <header>
          <h2>Log</h2>
          <span class="soft small end"
            >${stop === null || lines.length === 0 ? nothing : isFollowing ? 'following' : 'held: scroll down to follow'}</span
          >
          ${
            app.state().hasSession
              ? searchField('Filter lines', filter, (text) => {
                  filter = text;
                  app.redraw();
                })
              : nothing
          }
        </header>
        ${content()}
      </section>`;
    },
    focus() {
      const place = document.querySelector<HTMLElement>('.log');
      place?.focus();
      place?.scrollIntoView({ block: 'nearest' });
      return place !== null;
    },
    close: () => stop?.abort(),
  };
}

function drawLine({ at, stream, text }: LogLine): TemplateResult {
  const tone = /\b(?:error|fatal|panic)\b/iu.test(text)
    ? 'red'
    : /\bwarn(?:ing)?\b/iu.test(text)
      ? 'amber'
      : '';
  return html`<p>
    <time class="soft" title=${at === null ? '' : utc(at)}>${at === null ? '' : clock(at, true)}</time>
    <span class="soft from">${stream}</span><bdi class=${tone}>${text}</bdi>
  </p>`;
}
