// Command `monitor`: a live view to work in until q or Ctrl-C; without a terminal one line for each change.
// Drawn by our own screen: a library of the field (ink: 1.4 s and 47 MB to load; neo-blessed: 0.2 s and 10 MB) costs more than
// the 7 ms and 0.4 MB of this one, and none of them measures wide characters as the rest of our output does.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Status } from '../../core/model/status.ts';
import { pause } from '../../system/time/pause.ts';
import { createChangePrinter } from '../inspect/status-changes.ts';
import { type CommandContext } from '../shared/command.ts';
import { outputSignal } from '../shared/interrupt.ts';
import { printJsonLine, printLines, viewOptions } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';
import { createLiveScreen, type LiveScreen } from './live-screen.ts';

export async function run(context: CommandContext): Promise<number> {
  const { io } = context;
  const { signal, release } = outputSignal(io);
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

/** ms. */
const RECONNECT_INTERVAL = 1000;
/** Consecutive protocol errors after which `monitor` gives up. */
const MAX_ERRORS = 10;

/** Shows the screen until a key or signal ends it. @throws WatchdogError NO_DAEMON when none runs at first; one that goes away later is awaited */
async function showScreen(context: CommandContext, interrupted: AbortSignal): Promise<void> {
  const { io } = context;
  const quit = new AbortController();
  const signal = AbortSignal.any([interrupted, quit.signal]);
  const screen = createLiveScreen(context, { signal, onQuit: () => quit.abort() });
  const releases = [
    io.onKey((key) => screen.take(key)),
    io.onResize(() => screen.redraw()),
    io.onExit(() => screen.end()),
    // The terminal is gone.
    io.onSignal('SIGHUP', () => quit.abort()),
  ];
  try {
    await follow(context, screen, signal);
  } finally {
    screen.end();
    for (const release of releases) release?.();
  }
}

async function follow(context: CommandContext, screen: LiveScreen, signal: AbortSignal): Promise<void> {
  let hasSeen = false;
  let errors = 0;
  while (!signal.aborted) {
    try {
      await withDaemon(context, (daemon) =>
        daemon.watch(
          (status) => {
            hasSeen = true;
            errors = 0;
            screen.show(status);
          },
          // A signal for each connection: else listeners of closed connections would pile up.
          AbortSignal.any([signal]),
        ),
      );
    } catch (error) {
      if (!hasSeen || !(error instanceof WatchdogError)) throw error;
      // A daemon that exits while we connect may answer anything; one of another release does so for ever.
      if (error.code !== 'NO_DAEMON' && (errors += 1) > MAX_ERRORS) throw error;
      screen.disconnect();
      await pause(context.io.clock, RECONNECT_INTERVAL, signal);
    }
  }
}
