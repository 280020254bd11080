// What a changed config did to the daemon, or would do: one line for each server, then what else must be known.
import { type ChangeEffect, isUnchanged, type ReloadReport } from '../../core/model/config-diff.ts';
import { ago } from '../../core/base/format.ts';
import { inactiveKeyLines } from '../shared/inactive-keys.ts';
import { pad, paint, type Style, widthOf, type ViewOptions } from '../views/style.ts';

interface Line {
  readonly sign: '+' | '-' | '~';
  readonly name: string;
  readonly text: string;
  readonly style: Style;
}

export function reloadReport(
  report: ReloadReport,
  { colour, now }: Pick<ViewOptions, 'colour' | 'now'>,
): string[] {
  if (isUnchanged(report)) {
    // Whoever saves a config and then asks for it is told why there is nothing left to do.
    return [`Nothing changed: it was taken over ${ago(report.takenAt, now)}`, ...remarks(report, colour)];
  }
  const lines = linesOf(report);
  const longest = Math.max(...lines.map(({ name }) => widthOf(name)));
  return [
    report.isApplied ? `Took over ${report.path}` : `mcp-watchdog reload would take over ${report.path}:`,
    ...lines.map(({ sign, name, text, style }) => {
      return `  ${paint(`${sign} ${pad(name, longest)}`, style, colour)}  ${text}`;
    }),
    ...remarks(report, colour),
  ];
}

function linesOf({ added, removed, changed, settings, isApplied }: ReloadReport): Line[] {
  const say = (done: string, planned: string): string => (isApplied ? done : planned);
  const own: Line = { sign: '~', name: '(watchdog)', text: '', style: 'yellow' };
  return [
    ...removed.map((name): Line => {
      return { sign: '-', name, text: say('removed, and stopped', 'is removed, and stopped'), style: 'red' };
    }),
    ...changed.map(({ name, effect, liveFields, restartFields }): Line => {
      const text = EFFECTS[effect]({ live: liveFields.join(', '), rest: restartFields.join(', '), say });
      return { sign: '~', name, text, style: 'yellow' };
    }),
    ...added.map((name): Line => {
      return { sign: '+', name, text: say('added', 'is added'), style: 'green' };
    }),
    ...settings.live.map((field): Line => ({
      ...own,
      text: `${field}: ${say('changed', 'changes')} at once`,
    })),
    ...settings.nextStart.map((field): Line => ({ ...own, text: `${field}: counts from its next start` })),
  ];
}

interface Told {
  readonly live: string;
  readonly rest: string;
  readonly say: (done: string, planned: string) => string;
}

const EFFECTS: Readonly<Record<ChangeEffect, (told: Told) => string>> = {
  live: ({ live, rest, say }) => `${joined(rest, live)}: ${say('changed', 'changes')} without a restart`,
  restart: ({ live, rest, say }) =>
    `${rest}: ${say('restarted', 'restarts')}${live === '' ? '' : `; ${live}: without a restart`}`,
  'next-start': ({ live, rest }) => `${joined(rest, live)}: it is down, so this counts from its next start`,
  start: ({ live, rest, say }) => `${joined(rest, live)}: ${say('started', 'starts')}`,
  stop: ({ live, rest, say }) => `${joined(rest, live)}: ${say('stopped', 'stops')}`,
};

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

function remarks({ renamed, ending, warnings, inactive }: ReloadReport, colour: boolean): string[] {
  const warning = (text: string): string => `${paint('warning:', 'yellow', colour)} ${text}`;
  return [
    ...renamed.map(
      ({ from, to }) =>
        `${to} is ${from} under another name: a new server, whose counters, log and package begin anew`,
    ),
    ...ending.map((name) => warning(`${name} has not ended yet; mcp-watchdog status ${name} shows more`)),
    ...warnings.map(warning),
    ...inactiveKeyLines(inactive),
  ];
}
