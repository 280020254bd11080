// Live view on a terminal: holds model and facts, asks the daemon for what is shown, and draws what changed.
import { join } from 'node:path';
import { EMPTY_VIEW } from '../../control/protocol.ts';
import type { ClientSummary } from '../../core/gateway/call-summary.ts';
import { messageOf } from '../../core/base/guards.ts';
import type { OperatorAction } from '../../core/model/vocabulary.ts';
import type { Status } from '../../core/model/status.ts';
import { followLines } from '../../logs/follow-log.ts';
import { readServerLine } from '../../logs/log-entry.ts';
import { type CommandContext, sizeOf } from '../shared/command.ts';
import { viewOptions } from '../shared/output.ts';
import { createFullScreen } from '../shared/screen.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import { describeError } from '../views/error.ts';
import { isUnicodeLocale } from '../views/style.ts';
import { act } from './act.ts';
import { readCurves } from './curves.ts';
import { copied } from './connect-view.ts';
import { answerOf, frame, type FrameSize, lastOffset } from './frame.ts';
import { createKeyReader } from './keys.ts';
import {
  type Curves,
  type Facts,
  isOfServer,
  type LogLine,
  type Model,
  press,
  START,
  withStatus,
} from './model.ts';
import { signsOf } from './words.ts';

export interface LiveScreen {
  show(status: Status): void;
  /** Shows that the daemon is gone. */
  disconnect(): void;
  /** Takes a character from the keyboard. */
  take(character: string): void;
  redraw(): void;
  end(): void;
}

/** Ms: between two pictures, to the next one when nothing happens, and for which the order of servers stays after a key. */
const SHORTEST = 100;
const REDRAW_INTERVAL = 1000;
const STILL = 5000;
/** Ms for which an answer is shown, and between two questions for what is beside the status. */
const ANSWER_TIME = 5000;
const VIEW_INTERVAL = 2000;
const CURVES_INTERVAL = 15_000;
const EVENTS = 200;
const LOG_LINES = 500;

/** Minutes of the curves by key. */
const SPANS: Readonly<Record<string, number>> = { '1': 15, '2': 60, '3': 360 };

export function createLiveScreen(
  context: CommandContext,
  { signal, onQuit }: { readonly signal: AbortSignal; readonly onQuit: () => void },
): LiveScreen {
  const { io, paths } = context;
  const screen = createFullScreen(io.out);
  const signs = signsOf(isUnicodeLocale(io.env) !== false);
  let model: Model = START;
  let status: Status | null = null;
  let shown: { readonly status: Status; readonly now: number } | null = null;
  let view = EMPTY_VIEW;
  let traffic: ClientSummary | null = null;
  let curves: Curves | null = null;
  let snippets: Facts['snippets'] = null;
  /** The server whose snippets are shown. */
  let connecting: string | null = null;
  let log: LogLine[] = [];
  let held: readonly LogLine[] | null = null;
  let minutes = 360;
  let lostAt: number | null = null;
  let answer: { readonly text: string; readonly until: number } | null = null;
  let keyAt = Number.NEGATIVE_INFINITY;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let cancelDraw = (): void => {};
  let isEnded = false;
  /** What is read of the server that is open. */
  let opened: { readonly name: string; readonly stop: AbortController } | null = null;

  function draw(): void {
    cancelDraw();
    if (isEnded || status === null) return;
    drawnAt = io.clock.monotonic();
    const at = io.clock.now();
    if (answer !== null && at >= answer.until) answer = null;
    // Times stand still while it is paused or the daemon is gone.
    if (!model.isPaused || shown === null) shown = { status, now: lostAt ?? at };
    screen.draw(frame(model, factsOf(shown), size()));
    cancelDraw = io.clock.after(REDRAW_INTERVAL, draw);
  }

  function size(): FrameSize {
    const { width, colour } = viewOptions(context);
    return { width, colour, signs, rows: sizeOf(io.out).rows };
  }

  function factsOf(known: { readonly status: Status; readonly now: number }): Facts {
    const said = answer?.text ?? null;
    return { ...known, view, traffic, curves, snippets, log: held ?? log, lostAt, answer: said };
  }

  function drawSoon(): void {
    const wait = drawnAt + SHORTEST - io.clock.monotonic();
    if (wait <= 0) return draw();
    cancelDraw();
    cancelDraw = io.clock.after(wait, draw);
  }

  function arrange(): void {
    if (status === null || model.isPaused) return;
    const isQuiet = io.clock.monotonic() - keyAt > STILL;
    model = withStatus(model, status, { now: io.clock.now(), isQuiet });
  }

  function say(text: string): void {
    answer = { text, until: io.clock.now() + ANSWER_TIME };
    drawSoon();
  }

  /** Reads log, clients and curves of the server that is open, and of no other. */
  function follow(): void {
    const name = isOfServer(model) ? model.selected : null;
    const connects = model.screen === 'connect' ? name : null;
    if (connects !== connecting) {
      connecting = connects;
      snippets = null;
      if (connects !== null) void readSnippets(connects);
    }
    if (opened?.name === name || (opened === null && name === null)) return;
    opened?.stop.abort();
    opened = null;
    traffic = null;
    curves = null;
    log = [];
    held = null;
    if (name === null) return;
    const stop = new AbortController();
    opened = { name, stop };
    void readLog(name, AbortSignal.any([stop.signal, signal]));
    void readBeside(name);
    void drawCurves(name);
  }

  async function readLog(name: string, until: AbortSignal): Promise<void> {
    const path = join(paths.serverLogs, `${name}.log`);
    try {
      for await (const text of followLines(path, { last: LOG_LINES, signal: until, clock: io.clock })) {
        if (until.aborted) return;
        const line = readServerLine(text);
        log.push({ at: line.at, stream: line.stream ?? '', text: line.text });
        if (log.length > 2 * LOG_LINES) log = log.slice(-LOG_LINES);
        drawSoon();
      }
    } catch (error) {
      log = [{ at: null, stream: 'watchdog', text: `Cannot read its log: ${messageOf(error)}` }];
      drawSoon();
    }
  }

  /** Reads the config, which may be another by now. */
  async function readSnippets(name: string): Promise<void> {
    // Loaded here, not at the start: it brings all that reads configs and the files of clients.
    const { allSnippets } = await import('../clients/print-client.ts');
    if (connecting !== name) return;
    try {
      snippets = allSnippets(context, name);
    } catch (error) {
      snippets = { failed: failureOf(error) };
    }
    drawSoon();
  }

  function copy(): void {
    const chosen = shown === null ? null : copied(model, factsOf(shown));
    if (chosen === null) return;
    const { title, command, file, text } = chosen;
    // OSC 52: the terminal puts it into the clipboard, also over ssh; one that does not know it ignores it.
    const encoded = Buffer.from(command ?? text).toString('base64');
    io.out.write(`\u001B]52;c;${encoded}\u0007`);
    const what = command === null ? `text for ${file}` : 'command';
    say(`Copied the ${what} of ${title}, if your terminal lets programs fill the clipboard`);
  }

  async function readBeside(name: string): Promise<void> {
    const found = await withDaemon(context, (daemon) => daemon.request('clients', { name })).catch(
      () => null,
    );
    if (opened?.name !== name) return;
    traffic = found;
    drawSoon();
  }

  async function drawCurves(name: string): Promise<void> {
    const found = await readCurves(context, name, minutes);
    if (opened?.name !== name) return;
    curves = found;
    drawSoon();
  }

  const stops = { view: (): void => {}, curves: (): void => {} };
  function every(interval: number, work: () => Promise<void>, kind: keyof typeof stops): void {
    if (isEnded || signal.aborted) return;
    const turn = lostAt === null && status !== null && !model.isPaused ? work() : Promise.resolve();
    void turn.finally(() => {
      stops[kind] = io.clock.after(interval, () => every(interval, work, kind));
    });
  }

  async function readView(): Promise<void> {
    const found = await withDaemon(context, (daemon) => daemon.request('view', { events: EVENTS })).catch(
      () => null,
    );
    // A daemon of another version may know less.
    if (found !== null) view = { ...EMPTY_VIEW, ...found };
    if (opened !== null) await readBeside(opened.name);
    drawSoon();
  }

  async function run(action: OperatorAction, server: string): Promise<void> {
    try {
      say(answerOf(action, server, await act(context, action, server)));
    } catch (error) {
      say(messageOf(error));
    }
  }

  function onKey(key: string): void {
    if (status === null && !['q', 'Q', '\u0003', '\u0004'].includes(key)) return;
    keyAt = io.clock.monotonic();
    const minutesOf = model.isTyping ? undefined : SPANS[key];
    if (minutesOf !== undefined) {
      minutes = minutesOf;
      if (opened !== null) {
        void drawCurves(opened.name);
        say(`Curves of the last ${minutes < 60 ? `${minutes} min` : `${minutes / 60} h`}`);
      }
    }
    const before = model;
    const page = Math.max(1, sizeOf(io.out).rows - 8);
    const on = shown ?? (status === null ? null : { status, now: io.clock.now() });
    if (on === null) return onQuit();
    const last = lastOffset(model, factsOf(on), size());
    const [next, effect] = press(model, key, { status: on.status, page, last });
    model = next;
    if (effect === 'quit') return onQuit();
    if (effect === 'copy') return copy();
    if (before.isPaused && !model.isPaused) arrange();
    if (model.isHeld !== before.isHeld) held = model.isHeld ? [...log] : null;
    follow();
    if (model.asked !== null && lostAt !== null) {
      model = { ...model, asked: null };
      say('The watchdog is not reachable: nothing can be done (mcp-watchdog start)');
    }
    if (effect !== 'redraw') void run(effect.action, effect.server);
    drawSoon();
  }

  const keys = createKeyReader(io.clock, onKey);

  return {
    show(next) {
      const isFirst = status === null;
      status = next;
      lostAt = null;
      arrange();
      follow();
      draw();
      if (!isFirst) return;
      every(VIEW_INTERVAL, readView, 'view');
      every(
        CURVES_INTERVAL,
        async () => (opened === null ? undefined : await drawCurves(opened.name)),
        'curves',
      );
    },
    disconnect() {
      lostAt ??= io.clock.now();
      draw();
    },
    take: keys,
    redraw: draw,
    end() {
      if (!isEnded) screen.end();
      isEnded = true;
      cancelDraw();
      for (const stop of Object.values(stops)) stop();
      opened?.stop.abort();
    },
  };
}

function failureOf(error: unknown): string {
  const { message, hint } = describeError(error);
  return hint === null ? message : `${message}. ${hint}`;
}
