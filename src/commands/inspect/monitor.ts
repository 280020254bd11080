// `monitor`: a live table of all servers, until q or Ctrl-C; without a terminal a line for each change.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Status } from '../../core/model/status.ts';
import { type CommandContext, sizeOf } from '../shared/command.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { createFullScreen } from '../shared/screen.ts';
import { createStatusDiff, createChangePrinter } from './status-changes.ts';
import { monitorView, type TimedChange } from './monitor-view.ts';
import { printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import { pause } from '../../system/time/pause.ts';

export async function run(context: CommandContext): Promise<number> {
  const { io } = context;
  const { signal, release } = interruptSignal(io);
  const canDraw = io.out.isTTY === true && io.env['TERM'] !== 'dumb';
  try {
    await (canDraw ? showScreen(context, signal) : printChanges(context, signal));
    return 0;
  } finally {
    release();
  }
}

/** @throws WatchdogError NO_DAEMON when the daemon is not there, or goes away */
async function printChanges(context: CommandContext, signal: AbortSignal): Promise<void> {
  const changes = createChangePrinter();
  await withDaemon(context, (daemon) =>
    daemon.watch((status) => printLines(context, changes(status, viewOptions(context))), signal),
  );
}

// Uptimes go on between two changes.
const REDRAW_EVERY = 1000;
const RECONNECT_EVERY = 1000;
const MOST_ODDITIES = 10;
const MOST_NEWS = 200;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

/** @throws WatchdogError NO_DAEMON when there is none to begin with; one that goes away later is waited for */
async function showScreen(context: CommandContext, interrupted: AbortSignal): Promise<void> {
  const { io } = context;
  const quit = new AbortController();
  const signal = AbortSignal.any([interrupted, quit.signal]);
  const view = createView(context);
  const releases = [
    io.onKey((key) => {
      if (key === 'p') view.pause();
      if (key === 'q' || key === 'Q' || key === CTRL_C || key === CTRL_D) quit.abort();
    }),
    io.onResize(() => view.redraw()),
    io.onExit(() => view.end()),
    // The terminal is gone, and nobody is left to look.
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
  let oddities = 0;
  while (!signal.aborted) {
    try {
      await withDaemon(context, (daemon) =>
        daemon.watch(
          (status) => {
            hasSeen = true;
            oddities = 0;
            view.show(status);
          },
          // One for each connection: listeners of those that are over would pile up.
          AbortSignal.any([signal]),
        ),
      );
    } catch (error) {
      if (!hasSeen || !(error instanceof WatchdogError)) throw error;
      // A daemon that ends while we connect may answer with anything; one of another release does so for ever.
      if (error.code !== 'NO_DAEMON' && (oddities += 1) > MOST_ODDITIES) throw error;
      view.lose();
      await pause(context.io.clock, RECONNECT_EVERY, signal);
    }
  }
}

interface View {
  show(status: Status): void;
  /** The daemon is gone. */
  lose(): void;
  /** Stands still, or goes on. */
  pause(): void;
  redraw(): void;
  end(): void;
}

function createView(context: CommandContext): View {
  const { io } = context;
  const screen = createFullScreen(io.out);
  const find = createStatusDiff();
  let changes: readonly TimedChange[] = [];
  let current: Status | null = null;
  let shown: {
    readonly status: Status;
    readonly changes: readonly TimedChange[];
    readonly now: number;
  } | null = null;
  let isPaused = false;
  let lostAt: number | null = null;
  let cancel = (): void => {};

  function redraw(): void {
    cancel();
    if (current === null) return;
    // What nobody tells any more stands still.
    const now = lostAt ?? io.clock.now();
    if (!isPaused || shown === null) shown = { status: current, changes, now };
    const options = { ...viewOptions(context), now: shown.now, rows: sizeOf(io.out).rows };
    screen.draw(monitorView({ ...shown, isPaused, disconnectedAt: lostAt }, options));
    cancel = io.clock.after(REDRAW_EVERY, redraw);
  }

  return {
    redraw,
    show(status) {
      const at = io.clock.now();
      const found = find(status, at).map(({ text, style }) => ({ text, style, at }));
      // What is there at the start is in the table, and no news.
      if (current !== null) changes = [...changes, ...found].slice(-MOST_NEWS);
      current = status;
      lostAt = null;
      redraw();
    },
    lose() {
      lostAt ??= io.clock.now();
      redraw();
    },
    pause() {
      isPaused = !isPaused;
      redraw();
    },
    end() {
      cancel();
      screen.end();
    },
  };
}
