// Tail of one server's log in the live view: it follows, or is held and scrolled.
import { fit, pad, paint, type Style, timeOfDay, widthOf } from '../views/style.ts';
import type { Room } from './list-view.ts';
import type { Facts, LogLine, Model } from './model.ts';

const STREAMS: Readonly<Record<string, Style>> = { watchdog: 'cyan', stderr: 'dim' };

interface LogRoom extends Room {
  readonly rows: number;
}

/** Writes a title and the lines that fit below it, the newest last; of a held log those at which it was scrolled to. */
export function logLines(model: Model, facts: Facts, { rows, width, colour, signs }: LogRoom): string[] {
  const { filter, isHeld } = model;
  const wanted = wantedLines(model, facts);
  const room = Math.max(0, rows - 1);
  const below = isHeld ? Math.min(model.offset, lastLogOffset(model, facts, rows)) : 0;
  const words = [
    'log',
    isHeld ? 'held: space goes on' : 'following',
    ...(below > 0 ? [`${signs.down} ${below}`] : []),
    filter === '' ? '/ filters' : `filter: ${filter}`,
  ];
  const title = `${signs.rule} ${words.join(` ${signs.rule} `)} `;
  const head = paint(
    fit(title + signs.rule.repeat(Math.max(0, width - widthOf(title))), width),
    'dim',
    colour,
  );
  const end = wanted.length - below;
  const shown = wanted.slice(Math.max(0, end - room), end).map((line) => logLine(line, width, colour));
  const empty = facts.log.length === 0 ? 'It has printed nothing yet' : 'No line has that text';
  return [head, ...(shown.length === 0 ? [paint(fit(empty, width), 'dim', colour)] : shown)].slice(
    0,
    Math.max(0, rows),
  );
}

/** Returns how many lines the log can be scrolled back in `rows` lines, its title included. */
export function lastLogOffset(model: Model, facts: Facts, rows: number): number {
  return Math.max(0, wantedLines(model, facts).length - Math.max(0, rows - 1));
}

function wantedLines({ filter }: Model, { log }: Facts): readonly LogLine[] {
  const wanted = filter.toLowerCase();
  return filter === '' ? log : log.filter(({ text }) => text.toLowerCase().includes(wanted));
}

function logLine({ at, stream, text }: LogLine, width: number, colour: boolean): string {
  const time = at === null ? ' '.repeat(8) : timeOfDay(at);
  const label = width >= 60 ? `${time} ${pad(stream, 8)} ` : `${time} `;
  return (
    label +
    paint(fit(text.replaceAll('\t', '    '), Math.max(0, width - label.length)), STREAMS[stream], colour)
  );
}
