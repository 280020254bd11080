// Command `monitor`: a live table of all servers until q or Ctrl-C; without a terminal one line for each change.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Status } from '../../core/model/status.ts';
import { type CommandContext, sizeOf } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { createFullScreen } from '../shared/screen.ts';
import { createStatusDiff, createChangePrinter } from './status-changes.ts';
import { monitorView, type TimedChange } from './monitor-view.ts';
import { printJsonLine, printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import { pause } from '../../system/time/pause.ts';

export async function run(context: CommandContext): Promise<number> {
  const { io } = context;
  const { signal, release } = interruptSignal(io);
  const canDraw = io.out.isTTY === true && io.env['TERM'] !== 'dumb' && context.flags.json !== true;
  try {
    await (canDraw ? showScreen(context, signal) : printChanges(context, signal));
    return 0;
  } finally {
    release();
  }
}

/** Prints changes until interrupted. @throws WatchdogError NO_DAEMON when no daemon runs, or it goes away */
async function printChanges(context: CommandContext, signal: AbortSignal): Promise<void> {
  const changes = createChangePrinter();
  const print = (status: Status): void =>
    context.flags.json === true
      ? printJsonLine(context, status)
      : printLines(context, changes(status, viewOptions(context)));
  await withDaemon(context, (daemon) => daemon.watch(print, signal));
}

/** ms: uptimes advance between two changes. */
const REDRAW_INTERVAL = 1000;
/** ms. */
const RECONNECT_INTERVAL = 1000;
/** Consecutive protocol errors after which `monitor` gives up. */
const MAX_ERRORS = 10;
/** Changes kept to fill the screen. */
const MAX_CHANGES = 200;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** Shows the screen until a key or signal ends it. @throws WatchdogError NO_DAEMON when none runs at first; one that goes away later is awaited */
async function showScreen(context: CommandContext, interrupted: AbortSignal): Promise<void> {
  const { io } = context;
  const quit = new AbortController();
  const signal = AbortSignal.any([interrupted, quit.signal]);
  const view = createView(context);
  const releases = [
    io.onKey((key) => {
      if (key === 'p') view.togglePause();
      if (key === 'q' || key === 'Q' || key === CTRL_C || key === CTRL_D) quit.abort();
    }),
    io.onResize(() => view.redraw()),
    io.onExit(() => view.end()),
    // The terminal is gone.
    io.onSignal('SIGHUP', () => quit.abort()),
  ];
  try {
    await follow(context, view, signal);
  } finally {
    view.end();
    for (const release of releases) release?.();
  }
}

async function follow(context: CommandContext, view: View, signal: AbortSignal): Promise<void> {
  let hasSeen = false;
  let errors = 0;
  while (!signal.aborted) {
    try {
      await withDaemon(context, (daemon) =>
        daemon.watch(
          (status) => {
            hasSeen = true;
            errors = 0;
            view.show(status);
          },
          // A signal for each connection: else listeners of closed connections would pile up.
          AbortSignal.any([signal]),
        ),
      );
    } catch (error) {
      if (!hasSeen || !(error instanceof WatchdogError)) throw error;
      // A daemon that exits while we connect may answer anything; one of another release does so for ever.
      if (error.code !== 'NO_DAEMON' && (errors += 1) > MAX_ERRORS) throw error;
      view.disconnect();
      await pause(context.io.clock, RECONNECT_INTERVAL, signal);
    }
  }
}

interface View {
  show(status: Status): void;
  /** Shows that the daemon is gone. */
  disconnect(): void;
  /** Pauses, or resumes. */
  togglePause(): void;
  redraw(): void;
  end(): void;
}

function createView(context: CommandContext): View {
  const { io } = context;
  const screen = createFullScreen(io.out);
  const diff = createStatusDiff();
  let changes: readonly TimedChange[] = [];
  let current: Status | null = null;
  let shown: {
    readonly status: Status;
    readonly changes: readonly TimedChange[];
    readonly now: number;
  } | null = null;
  let isPaused = false;
  let disconnectedAt: number | null = null;
  let cancel = (): void => {};

  function redraw(): void {
    cancel();
    if (current === null) return;
    // Times stand still while the daemon is gone.
    const now = disconnectedAt ?? io.clock.now();
    if (!isPaused || shown === null) shown = { status: current, changes, now };
    const options = { ...viewOptions(context), now: shown.now, rows: sizeOf(io.out).rows };
    screen.draw(monitorView({ ...shown, isPaused, disconnectedAt }, options));
    cancel = io.clock.after(REDRAW_INTERVAL, redraw);
  }

  return {
    redraw,
    show(status) {
      const at = io.clock.now();
      const found = diff(status, at).map(({ text, style }) => ({ text, style, at }));
      // Servers of the first status are in the table, and no change.
      if (current !== null) changes = [...changes, ...found].slice(-MAX_CHANGES);
      current = status;
      disconnectedAt = null;
      redraw();
    },
    disconnect() {
      disconnectedAt ??= io.clock.now();
      redraw();
    },
    togglePause() {
      isPaused = !isPaused;
      redraw();
    },
    end() {
      cancel();
      screen.end();
    },
  };
}
