// How updates and rollbacks are told: what was answered, how it goes on, how it ended, and what there is to update to.
import type { UpdateCheck, UpdateAnswer, UpdateProgress, UpdateStatus } from '../../core/model/update.ts';
import type { UpdatePhase } from '../../core/model/vocabulary.ts';
import {
  detailText,
  describeHeld,
  describePhase,
  stepText,
  versionText,
} from '../../core/update/update-text.ts';
import type { Status } from '../../core/model/status.ts';
import { span } from '../../core/base/format.ts';
import type { UpdateAction, UpdateOutcome } from './follow-updates.ts';
import { fit, paint, type Style, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';

/** What was asked for. `to`: a version, null for the best. */
export interface RequestedChange {
  readonly change: UpdateAction;
  readonly to: string | null;
}

type Painting = Pick<ViewOptions, 'colour'>;

/** What comes of it, the cure and the steps below. */
export function answerLines(
  answer: UpdateAnswer,
  { change, to, colour }: RequestedChange & Painting,
): string[] {
  const { server, hint, steps } = answer;
  const style = ANSWER_STYLES[answer.answer];
  const isPlan = answer.answer === 'planned';
  return [
    paint(`${server}: ${answerWords(answer, { change, to })}`, style, colour),
    ...(isPlan ? steps.map((step, index) => `  ${index + 1}. ${detailText(step)}`) : []),
    ...(hint === null ? [] : [paint(`  hint: ${detailText(hint)}`, 'yellow', colour)]),
  ];
}

const ANSWER_STYLES: Readonly<Partial<Record<UpdateAnswer['answer'], Style>>> = {
  nothing: 'dim',
  held: 'yellow',
  busy: 'yellow',
  refused: 'red',
};

function answerWords({ answer, from, to, reason }: UpdateAnswer, asked: RequestedChange): string {
  // What is broken off has not said yet where it is.
  const step = from === null || to === null ? asked.change : `${asked.change} ${stepText({ from, to })}`;
  const why = detailText(reason ?? '');
  switch (answer) {
    case 'begun':
      return `${step} begun`;
    case 'planned':
      return `${step} would be done so:`;
    case 'nothing':
      return `nothing to do${why === '' ? reasonToRest(from, asked) : `, ${why}`}`;
    case 'held':
      return to === null ? `held: ${why}` : `${versionText(to)} is held: ${why}`;
    case 'busy':
    case 'refused':
      return why;
    default:
      return answer satisfies never;
  }
}

function reasonToRest(from: string | null, { change, to }: RequestedChange): string {
  if (change === 'rollback') return ', there is no version from before to go back to';
  if (from === null) return '';
  return to === null
    ? `, ${versionText(from)} is the newest`
    : `, ${versionText(from)} runs already; it stays`;
}

/** How it ended, or where it was left. */
export function outcomeLine(
  outcome: UpdateOutcome,
  change: UpdateAction,
  { colour, now }: Pick<ViewOptions, 'colour' | 'now'>,
): string {
  const { server, result } = outcome;
  const style = result === 'probation' || result === 'committed' ? 'green' : 'red';
  return paint(`${server}: ${outcomeWords(outcome, { change, now })}`, style, colour);
}

function outcomeWords(
  { server, result, reason, until, ...versions }: UpdateOutcome,
  { change, now }: { readonly change: UpdateAction; readonly now: number },
): string {
  const [from, to] = [versionText(versions.from ?? '?'), versionText(versions.to ?? '?')];
  const why = reason === null ? '' : `: ${detailText(reason)}`;
  switch (result) {
    case 'probation': {
      const left = until === null ? '' : ` for ${span(until - now)}`;
      return `${to} runs, on probation${left}; mcp-watchdog status ${server} shows how it does`;
    }
    case 'committed':
      return change === 'rollback' ? `${to} runs again` : `${to} is settled on, it was ${from}`;
    case 'rolled_back':
      return `${to} did not do, ${from} runs again${why}`;
    case 'dropped':
      return 'it was taken back before its turn came';
    case 'interrupted':
      return `the ${change} goes on; mcp-watchdog status ${server} tells how`;
    default:
      return `${to} was not taken${why}`;
  }
}

export interface ProgressOptions extends ViewOptions {
  readonly names: ReadonlySet<string>;
  /** What npm says each second, too. */
  readonly isChatty: boolean;
}

/** @param before how things stood before they were begun. @returns a line for each of the servers of whose update there is something new to say. */
export function createUpdateProgress(before: Status): (status: Status, options: ProgressOptions) => string[] {
  const old = new Map(before.servers.map(({ name, update }) => [name, lastAt(update)]));
  const said = new Map<string, string>();
  return ({ servers }, { names, isChatty, width, colour }) =>
    servers.flatMap(({ name, update }) => {
      if (!names.has(name)) return [];
      const progress = update?.progress ?? null;
      // Nothing is under way before its turn, and after its end.
      const isToCome = progress === null && !said.has(name) && lastAt(update) === old.get(name);
      const text = isToCome ? turnWords(servers) : progress && wordsOf(progress, isChatty);
      if (text === null || said.get(name) === text) return [];
      said.set(name, text);
      return [paint(fit(`  ${name}: ${text}`, width), 'dim', colour)];
    });
}

function lastAt(update: UpdateStatus | null): number | null {
  return update?.memory.last?.at ?? null;
}

function wordsOf(progress: UpdateProgress, isChatty: boolean): string {
  const isChatter = !isChatty && progress.phase === 'installing';
  return describePhase(isChatter ? { ...progress, detail: null } : progress);
}

/** For one that has not begun: whose update is before it; null when nobody's is. */
function turnWords(servers: Status['servers']): string | null {
  const first = servers.find(({ update }) => AT_WORK.has(update?.progress?.phase ?? 'probation'));
  return first === undefined ? null : `waits until the update of ${first.name} is switched`;
}

/** One at a time does that; probations, and ways back, hold up nobody. */
const AT_WORK: ReadonlySet<UpdatePhase> = new Set(['installing', 'canary', 'waiting', 'switching']);

/** What there is for each, and why the newest is not it. */
export function checkLines(outlooks: readonly UpdateCheck[], options: ViewOptions): string[] {
  if (outlooks.length === 0) return ['No server is a package: there is nothing to update'];
  const found = outlooks.filter(({ error }) => error === null);
  const table = found.length === 0 ? [] : layoutTable(found, COLUMNS, options);
  const errors = outlooks.flatMap(({ server, error }) =>
    error === null ? [] : [paint(`${server}: ${detailText(error)}`, 'red', options.colour)],
  );
  return [...table, ...otherHeld(found, options), ...errors];
}

const COLUMNS: readonly Column<UpdateCheck>[] = [
  { title: 'SERVER', cell: ({ server }) => ({ text: server, style: 'bold' }) },
  { title: 'PACKAGE', leaves: 2, cell: (each) => ({ text: detailText(each.package) }) },
  { title: 'RUNNING', cell: ({ running }) => ({ text: versionCell(running) }) },
  { title: 'LATEST', leaves: 1, cell: ({ latest }) => ({ text: versionCell(latest) }) },
  { title: 'CANDIDATE', cell: ({ candidate }) => ({ text: versionCell(candidate), style: 'green' }) },
  {
    title: 'HELD',
    shrinksTo: 24,
    cell: ({ held: [first] }) => ({
      text: first === undefined ? '' : describeHeld(first),
      style: 'yellow',
    }),
  },
];

/** A dash where there is none: an empty cell would look like a fault of the table. */
function versionCell(version: string | null): string {
  return version === null ? '-' : versionText(version);
}

const MOST_OTHERS = 5;

/** The table has room for one a server. */
function otherHeld(outlooks: readonly UpdateCheck[], { width, colour }: ViewOptions): string[] {
  const lines = outlooks.flatMap(({ server, held }) => {
    const others = held.slice(1, 1 + MOST_OTHERS).map((one) => `${server} ${describeHeld(one)}`);
    const left = held.length - 1 - MOST_OTHERS;
    return left > 0 ? [...others, `${server}: ${left} older ones are held as well`] : others;
  });
  return lines.length === 0 ? [] : ['', ...lines.map((one) => paint(fit(one, width), 'dim', colour))];
}
