// Report of a reload, done or planned: one line for each server, then remarks and warnings.
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
    // A saved config is loaded by itself, so an explicit reload often finds nothing to do: the time explains why.
    return [`Nothing changed: the config was loaded ${ago(report.takenAt, now)}`, ...remarks(report, colour)];
  }
  const lines = linesOf(report);
  const longest = Math.max(...lines.map(({ name }) => widthOf(name)));
  return [
    report.isApplied ? `Loaded ${report.path}` : `mcp-watchdog reload would load ${report.path}:`,
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
      return { sign: '-', name, text: say('removed and stopped', 'is removed and stopped'), style: 'red' };
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
    ...settings.nextStart.map((field): Line => ({
      ...own,
      text: `${field}: takes effect at its next start`,
    })),
  ];
}

interface EffectTexts {
  readonly live: string;
  readonly rest: string;
  readonly say: (done: string, planned: string) => string;
}

const EFFECTS: Readonly<Record<ChangeEffect, (texts: EffectTexts) => string>> = {
  live: ({ live, rest, say }) => `${joined(rest, live)}: ${say('changed', 'changes')} without a restart`,
  restart: ({ live, rest, say }) =>
    `${rest}: ${say('restarted', 'restarts')}${live === '' ? '' : `; ${live}: without a restart`}`,
  next_start: ({ live, rest }) => `${joined(rest, live)}: it is down, so this takes effect at its next start`,
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
        `${to} is ${from} under another name: a new server, with fresh counters, log and package`,
    ),
    ...ending.map((name) => warning(`${name} is still stopping; mcp-watchdog status ${name} shows more`)),
    ...warnings.map(warning),
    ...inactiveKeyLines(inactive),
  ];
}
