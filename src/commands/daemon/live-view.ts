// What a terminal shows while the daemon runs in it: news scrolls, the table stays below and is redrawn in place.
import type { WatchdogEvent } from '../../core/model/events.ts';
import type { CommandContext } from '../shared/command.ts';
import { createScreen } from '../shared/screen.ts';
import { eventLine } from './event-line.ts';
import type { RunningDaemon } from './running-daemon.ts';
import { liveBlock, liveHeader } from './live-lines.ts';
import { paint, timeOfDay } from '../views/style.ts';
import { viewOptions } from '../shared/output.ts';

export interface LiveView {
  print(lines: readonly string[]): void;
  /** Begins to show the daemon. */
  attach(daemon: RunningDaemon): void;
  /** Leaves the news and takes the table away. */
  end(): void;
}

// Uptimes go on; a burst of events is drawn once.
const REDRAW_EVERY = 1000;
const REDRAW_SOON = 100;

export function createLiveView(context: CommandContext): LiveView {
  const { io, colour, paths } = context;
  const screen = createScreen(io.out);
  let daemon: RunningDaemon | null = null;
  let cancel = () => {};
  let isSoon = false;
  let unsubscribe = () => {};
  const isNews = createRepetitionFilter();

  function redraw(): void {
    if (daemon !== null) screen.draw(liveBlock(daemon.status(), viewOptions(context)));
    isSoon = false;
    cancel = io.clock.after(REDRAW_EVERY, redraw);
  }

  function onEvent(event: WatchdogEvent): void {
    const line = eventLine(event);
    if (line !== null && isNews(event, line.text)) {
      screen.print([`${paint(timeOfDay(event.at), 'dim', colour)} ${paint(line.text, line.style, colour)}`]);
    }
    if (isSoon) return;
    isSoon = true;
    cancel();
    cancel = io.clock.after(REDRAW_SOON, redraw);
  }

  return {
    print: (lines) => screen.print(lines),
    attach(started) {
      daemon = started;
      screen.print(liveHeader(started.status(), { logs: paths.logs, colour }));
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

/** What was the last thing said about a server is not said again. */
function createRepetitionFilter(): (event: WatchdogEvent, text: string) => boolean {
  const last = new Map<string, string>();
  return (event, text) => {
    const subject = 'server' in event ? event.server : '';
    const isNew = last.get(subject) !== text;
    last.set(subject, text);
    return isNew;
  };
}
