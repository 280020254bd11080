// Report of updates and rollbacks: answers, progress, outcomes and the table of available versions.
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

/** Requested action. `to`: a version, null for the best one. */
export interface RequestedChange {
  readonly action: UpdateAction;
  readonly to: string | null;
}

type Painting = Pick<ViewOptions, 'colour'>;

/** Writes an answer, with its cure and steps below. */
export function answerLines(
  answer: UpdateAnswer,
  { action, to, colour }: RequestedChange & Painting,
): string[] {
  const { server, hint, steps } = answer;
  const style = ANSWER_STYLES[answer.answer];
  const isPlan = answer.answer === 'planned';
  return [
    paint(`${server}: ${answerWords(answer, { action, to })}`, style, colour),
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
  // An update that is aborted has no versions yet.
  const step = from === null || to === null ? asked.action : `${asked.action} ${stepText({ from, to })}`;
  const why = detailText(reason ?? '');
  switch (answer) {
    case 'begun':
      return `${step} begun`;
    case 'planned':
      return `${step} would take these steps:`;
    case 'nothing':
      return `nothing to do${why === '' ? upToDateReason(from, asked) : `, ${why}`}`;
    case 'held':
      return to === null ? `held: ${why}` : `${versionText(to)} is held: ${why}`;
    case 'busy':
    case 'refused':
      return why;
    default:
      return answer satisfies never;
  }
}

function upToDateReason(from: string | null, { action, to }: RequestedChange): string {
  if (action === 'rollback') return ', there is no earlier version to go back to';
  if (from === null) return '';
  return to === null
    ? `, ${versionText(from)} is the newest`
    : `, ${versionText(from)} runs already; it stays`;
}

/** Writes how an update ended, or how far it was followed. */
export function outcomeLine(
  outcome: UpdateOutcome,
  action: UpdateAction,
  { colour, now }: Pick<ViewOptions, 'colour' | 'now'>,
): string {
  const { server, result } = outcome;
  const style = result === 'probation' || result === 'committed' ? 'green' : 'red';
  return paint(`${server}: ${outcomeWords(outcome, { action, now })}`, style, colour);
}

function outcomeWords(
  { server, result, reason, until, ...versions }: UpdateOutcome,
  { action, now }: { readonly action: UpdateAction; readonly now: number },
): string {
  const [from, to] = [versionText(versions.from ?? '?'), versionText(versions.to ?? '?')];
  const why = reason === null ? '' : `: ${detailText(reason)}`;
  switch (result) {
    case 'probation': {
      const left = until === null ? '' : ` for ${span(until - now)}`;
      return `${to} runs, on probation${left}; mcp-watchdog status ${server} shows its progress`;
    }
    case 'committed':
      return action === 'rollback' ? `${to} runs again` : `${to} is kept, it was ${from}`;
    case 'rolled_back':
      return `${to} failed, ${from} runs again${why}`;
    case 'dropped':
      return 'it was cancelled before its turn came';
    case 'interrupted':
      return `the ${action} continues; see mcp-watchdog status ${server}`;
    default:
      return `${to} was not installed${why}`;
  }
}

export interface ProgressOptions extends ViewOptions {
  readonly names: ReadonlySet<string>;
  /** True to print npm's progress each second, too. */
  readonly isChatty: boolean;
}

/** Creates a function that writes a line for each server whose update has progressed. @param before the status before the updates were started */
export function createUpdateProgress(before: Status): (status: Status, options: ProgressOptions) => string[] {
  const old = new Map(before.servers.map(({ name, update }) => [name, lastAt(update)]));
  const printed = new Map<string, string>();
  return ({ servers }, { names, isChatty, width, colour }) =>
    servers.flatMap(({ name, update }) => {
      if (!names.has(name)) return [];
      const progress = update?.progress ?? null;
      // An update has no progress before its turn and after its end.
      const isQueued = progress === null && !printed.has(name) && lastAt(update) === old.get(name);
      const text = isQueued ? turnWords(servers) : progress && wordsOf(progress, isChatty);
      if (text === null || printed.get(name) === text) return [];
      printed.set(name, text);
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

/** Says whose update a queued one waits for; null when it waits for none. */
function turnWords(servers: Status['servers']): string | null {
  const first = servers.find(({ update }) => AT_WORK.has(update?.progress?.phase ?? 'probation'));
  return first === undefined ? null : `waits until the update of ${first.name} is switched`;
}

/** Phases in which an update makes the next one wait; probations and rollbacks do not. */
const AT_WORK: ReadonlySet<UpdatePhase> = new Set(['installing', 'canary', 'waiting', 'switching']);

/** Writes what each server could be updated to, and why the newest version is held. */
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
    cell: ({ held: [first], package: packageId }) => ({
      text: first === undefined ? '' : describeHeld(first, packageId),
      style: 'yellow',
    }),
  },
];

/** Writes a version, or a dash: an empty cell would look like a fault of the table. */
function versionCell(version: string | null): string {
  return version === null ? '-' : versionText(version);
}

const MAX_OTHERS = 5;

/** Writes the held versions for which the table has no room: it shows one a server. */
function otherHeld(outlooks: readonly UpdateCheck[], { width, colour }: ViewOptions): string[] {
  const lines = outlooks.flatMap(({ server, held, package: packageId }) => {
    const others = held.slice(1, 1 + MAX_OTHERS).map((one) => `${server} ${describeHeld(one, packageId)}`);
    const left = held.length - 1 - MAX_OTHERS;
    return left > 0 ? [...others, `${server}: ${left} older versions are held as well`] : others;
  });
  return lines.length === 0 ? [] : ['', ...lines.map((one) => paint(fit(one, width), 'dim', colour))];
}
