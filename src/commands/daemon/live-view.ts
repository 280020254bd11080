// Live view of `run` on a terminal: event lines scroll above a table that is redrawn in place.
import type { WatchdogEvent } from '../../core/model/events.ts';
import { clientLinesOf } from '../clients/client-lines.ts';
import type { CommandContext } from '../shared/command.ts';
import { createScreen } from '../shared/screen.ts';
import { eventLine } from '../../core/status/event-line.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { liveBlock, liveHeader } from './live-lines.ts';
import { paint, timeOfDay } from '../views/style.ts';
import { viewOptions } from '../shared/output.ts';

export interface LiveView {
  print(lines: readonly string[]): void;
  /** Starts showing the daemon. */
  attach(daemon: RunningDaemon): void;
  /** Removes the table and leaves the event lines. */
  end(): void;
}

/** ms: uptimes advance between events. */
const REDRAW_INTERVAL = 1000;
/** ms after an event: a burst is drawn once. */
const REDRAW_DELAY = 100;

export function createLiveView(context: CommandContext): LiveView {
  const { io, colour, paths } = context;
  const screen = createScreen(io.out);
  let daemon: RunningDaemon | null = null;
  let cancel = () => {};
  let isScheduled = false;
  let unsubscribe = () => {};
  const isRepeated = createRepetitionFilter();

  function redraw(): void {
    if (daemon !== null) screen.draw(liveBlock(daemon.status(), viewOptions(context)));
    isScheduled = false;
    cancel = io.clock.after(REDRAW_INTERVAL, redraw);
  }

  function onEvent(event: WatchdogEvent): void {
    const line = eventLine(event);
    if (line !== null && !isRepeated(event, line.text)) {
      screen.print([`${paint(timeOfDay(event.at), 'dim', colour)} ${paint(line.text, line.style, colour)}`]);
    }
    if (isScheduled) return;
    isScheduled = true;
    cancel();
    cancel = io.clock.after(REDRAW_DELAY, redraw);
  }

  return {
    print: (lines) => screen.print(lines),
    attach(started) {
      daemon = started;
      const status = started.status();
      const clients = clientLinesOf(context, started.config, status.daemon);
      screen.print(liveHeader(status, { logs: paths.logs, colour, clients }));
      unsubscribe = started.bus.subscribe(onEvent);
      redraw();
    },
    end() {
      cancel();
      unsubscribe();
      screen.draw([]);
      screen.end();
    },
  };
}

/** Recognises a text that is the same as the previous one about the same server. */
function createRepetitionFilter(): (event: WatchdogEvent, text: string) => boolean {
  const last = new Map<string, string>();
  return (event, text) => {
    const subject = 'server' in event ? event.server : '';
    const isSame = last.get(subject) === text;
    last.set(subject, text);
    return isSame;
  };
}
