// How a notification is put into words: plain, short, and unable to become code, markup or an option.
import type { Severity } from '../../core/model/vocabulary.ts';
import type { Notification, Placeholder, NotifiedAlert } from '../../core/model/notification.ts';
import { ESCAPE_SEQUENCES } from '../../core/base/text.ts';
import { span } from '../../core/base/format.ts';

/** What a channel shows. All texts are one line of plain characters; lengths in code points. */
export interface Message {
  /** At most 80. */
  readonly title: string;
  /** At most 80. */
  readonly subtitle: string;
  /** At most 240. */
  readonly body: string;
  readonly severity: Severity;
  readonly status: 'firing' | 'resolved' | 'test';
  /** The alert, when it is about only one. */
  readonly alert: string | null;
  readonly server: string | null;
  /** How many alerts it is about. */
  readonly count: number;
}

const LONGEST_TITLE = 80;
const LONGEST_BODY = 240;
/** Of each trouble a digest names so many servers. */
const MOST_NAMED = 4;

export function composeMessage(notification: Notification): Message {
  const { kind, severity, alerts } = notification;
  const [only] = alerts;
  const status = kind === 'test' ? 'test' : alerts.some(isFiring) ? 'firing' : 'resolved';
  const isSingle = kind === 'single' && only !== undefined;
  const words = isSingle ? wordsOfOne(only, notification) : wordsOfMany(notification);
  return {
    ...(kind === 'test' ? TEST : words),
    severity,
    status,
    alert: isSingle ? toPlainLine(only.name, LONGEST_TITLE) : null,
    server: isSingle && only.about !== null ? toPlainLine(only.about, LONGEST_TITLE) : null,
    count: alerts.length,
  };
}

/** What `notify test` sends. */
export function testNotification(at: number): Notification {
  return { kind: 'test', at, severity: 'info', alerts: [], swallowed: 0 };
}

type Words = Pick<Message, 'title' | 'subtitle' | 'body'>;

const TEST: Words = {
  title: 'Test notification',
  subtitle: 'mcp-watchdog notify test',
  body: 'If you can read this, alerts reach you through this channel.',
};

function wordsOfOne(alert: NotifiedAlert, { swallowed }: Notification): Words {
  const subject = alert.about ?? 'watchdog';
  const trouble = troubleWords(alert.name);
  const isOver = alert.state === 'resolved';
  return {
    title: toPlainLine(`${subject}: ${trouble}${isOver ? ' (resolved)' : ''}`, LONGEST_TITLE),
    subtitle: toPlainLine(`${isOver ? 'resolved' : alert.severity}, ${alert.name}`, LONGEST_TITLE),
    body: withTail(alert.summary, tail(swallowed)),
  };
}

function wordsOfMany({ alerts, at, swallowed }: Notification): Words {
  const firing = alerts.filter(isFiring);
  const over = alerts.length - firing.length;
  const oldest = alerts.reduce((first, { since }) => Math.min(first, since), at);
  const counts = [
    ...(firing.length > 0 ? [counted(firing.length, 'alert')] : []),
    ...(over > 0 ? [`${over} resolved`] : []),
  ];
  return {
    title: toPlainLine(counts.join(', '), LONGEST_TITLE),
    subtitle: toPlainLine(`${severities(firing)}for up to ${span(at - oldest)}`, LONGEST_TITLE),
    body: withTail(groups(alerts).join('; '), tail(swallowed)),
  };
}

function isFiring({ state }: NotifiedAlert): boolean {
  return state === 'firing';
}

/** `gave up: a, b, c, d and 6 more`, the gravest group first. */
function groups(alerts: readonly NotifiedAlert[]): string[] {
  const subjects = new Map<string, string[]>();
  for (const { about, name, state } of alerts) {
    const group = `${troubleWords(name)}${state === 'resolved' ? ' (resolved)' : ''}`;
    subjects.set(group, [...(subjects.get(group) ?? []), about ?? 'watchdog']);
  }
  return [...subjects].map(([group, names]) => {
    const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
    return `${group}: ${names.slice(0, MOST_NAMED).join(', ')}${more}`;
  });
}

/** `2 critical, 3 warning, `; empty when nothing fires. */
function severities(firing: readonly NotifiedAlert[]): string {
  return (['critical', 'warning', 'info'] as const)
    .map((severity) => [severity, firing.filter((alert) => alert.severity === severity).length] as const)
    .flatMap(([severity, count]) => (count > 0 ? [`${count} ${severity}, `] : []))
    .join('');
}

function tail(swallowed: number): string {
  return swallowed === 0 ? '' : ` (${counted(swallowed, 'more alert')} came and went meanwhile)`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `McpServerGaveUp` as `gave up`: what stands before it says whose trouble it is. */
export function troubleWords(name: string): string {
  const words = name.replaceAll(/(?<=[\p{Ll}\d])(?=\p{Lu})/gu, ' ').toLowerCase();
  return words.replace(/^mcp (?:server |watchdog )?/u, '') || name;
}

/** The end is never cut: it says how much is missing. */
function withTail(text: string, end: string): string {
  const suffix = oneLine(end);
  return toPlainLine(text, LONGEST_BODY - Array.from(suffix).length) + suffix;
}

/** One line of visible characters, at most `length` code points, that no program takes for an option. */
export function toPlainLine(text: string, length: number): string {
  const line = oneLine(text)
    .replace(/^[\s-]+/u, '')
    .trimEnd();
  const points = Array.from(line);
  return points.length <= length
    ? line
    : `${points
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}

/** Escape sequences, controls, bidi and other invisible characters are taken out; any run of spaces becomes one. */
function oneLine(text: string): string {
  return text
    .replaceAll(ESCAPE_SEQUENCES, '')
    .replaceAll(/(?!\s)\p{Cc}|\p{Cs}|(?![\u200C\u200D])\p{Cf}/gu, '')
    .replaceAll(/[\s\p{Zl}\p{Zp}]+/gu, ' ');
}

/** What stands for each placeholder of a template. */
export function placeholderValues(message: Message): Readonly<Record<Placeholder, string>> {
  const { title, subtitle, body, status, severity, alert, server, count } = message;
  return {
    title,
    subtitle,
    body,
    status,
    severity,
    alert: alert ?? '',
    server: server ?? '',
    count: String(count),
  };
}
