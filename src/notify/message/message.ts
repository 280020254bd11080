// Texts of a notification: one plain line each, unable to act as code, markup or a command-line option.
import type { Severity } from '../../core/model/vocabulary.ts';
import type { Notification, Placeholder, NotifiedAlert } from '../../core/model/notification.ts';
import { ESCAPE_SEQUENCES } from '../../core/base/text.ts';
import { span } from '../../core/base/format.ts';

/** Texts that a channel shows; each is one line of plain characters, lengths in code points. */
export interface Message {
  /** At most 80. */
  readonly title: string;
  /** At most 80. */
  readonly subtitle: string;
  /** At most 240. */
  readonly body: string;
  readonly severity: Severity;
  readonly status: 'firing' | 'resolved' | 'test';
  /** Name of the alert when it is about exactly one, else null. */
  readonly alert: string | null;
  readonly server: string | null;
  /** Address of the alert's runbook; null when it is about several, or the rule names none. */
  readonly runbook: string | null;
  /** Number of alerts it is about. */
  readonly count: number;
}

const MAX_TITLE = 80;
const MAX_BODY = 240;
/** Servers that a digest names per kind of alert. */
const MAX_NAMED = 4;

/** Composes the texts of a notification. */
export function composeMessage(notification: Notification): Message {
  const { kind, severity, alerts } = notification;
  const [only] = alerts;
  const status = kind === 'test' ? 'test' : alerts.some(isFiring) ? 'firing' : 'resolved';
  const isSingle = kind === 'single' && only !== undefined;
  const texts = isSingle ? textsOfOne(only, notification) : textsOfMany(notification);
  return {
    ...(kind === 'test' ? TEST : texts),
    severity,
    status,
    alert: isSingle ? toPlainLine(only.name, MAX_TITLE) : null,
    server: isSingle && only.about !== null ? toPlainLine(only.about, MAX_TITLE) : null,
    runbook: isSingle ? (only.runbook ?? null) : null,
    count: alerts.length,
  };
}

/** Builds the notification that `notify test` sends. */
export function testNotification(at: number): Notification {
  return { kind: 'test', at, severity: 'info', alerts: [], swallowed: 0 };
}

type Texts = Pick<Message, 'title' | 'subtitle' | 'body'>;

const TEST: Texts = {
  title: 'Test notification',
  subtitle: 'mcp-watchdog notify test',
  body: 'If you can read this, alerts reach you through this channel.',
};

function textsOfOne(alert: NotifiedAlert, { swallowed }: Notification): Texts {
  const subject = alert.about ?? 'watchdog';
  const problem = humanizeAlertName(alert.name);
  const isResolved = alert.state === 'resolved';
  return {
    title: toPlainLine(`${subject}: ${problem}${isResolved ? ' (resolved)' : ''}`, MAX_TITLE),
    subtitle: toPlainLine(`${isResolved ? 'resolved' : alert.severity}, ${alert.name}`, MAX_TITLE),
    body: withTail(alert.summary, tail(swallowed)),
  };
}

function textsOfMany({ alerts, at, swallowed }: Notification): Texts {
  const firing = alerts.filter(isFiring);
  const resolvedCount = alerts.length - firing.length;
  const oldest = alerts.reduce((first, { since }) => Math.min(first, since), at);
  const counts = [
    ...(firing.length > 0 ? [counted(firing.length, 'alert')] : []),
    ...(resolvedCount > 0 ? [`${resolvedCount} resolved`] : []),
  ];
  return {
    title: toPlainLine(counts.join(', '), MAX_TITLE),
    subtitle: toPlainLine(`${severities(firing)}for up to ${span(at - oldest)}`, MAX_TITLE),
    body: withTail(groups(alerts).join('; '), tail(swallowed)),
  };
}

function isFiring({ state }: NotifiedAlert): boolean {
  return state === 'firing';
}

/** Lists servers per kind of alert: `gave up: a, b, c, d and 6 more`, the most severe group first. */
function groups(alerts: readonly NotifiedAlert[]): string[] {
  const subjects = new Map<string, string[]>();
  for (const { about, name, state } of alerts) {
    const group = `${humanizeAlertName(name)}${state === 'resolved' ? ' (resolved)' : ''}`;
    subjects.set(group, [...(subjects.get(group) ?? []), about ?? 'watchdog']);
  }
  return [...subjects].map(([group, names]) => {
    const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
    return `${group}: ${names.slice(0, MAX_NAMED).join(', ')}${more}`;
  });
}

/** Counts by severity: `2 critical, 3 warning, `; empty when nothing fires. */
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

/** Turns `McpServerGaveUp` into `gave up`: the text before it names the server. */
export function humanizeAlertName(name: string): string {
  const words = name.replaceAll(/(?<=[\p{Ll}\d])(?=\p{Lu})/gu, ' ').toLowerCase();
  return words.replace(/^mcp (?:server |watchdog )?/u, '') || name;
}

/** Cuts the text but never its tail, which says how much is missing. */
function withTail(text: string, end: string): string {
  const suffix = oneLine(end);
  return toPlainLine(text, MAX_BODY - Array.from(suffix).length) + suffix;
}

/** Reduces a text to one line of at most `length` visible code points that no program can take for an option. */
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

/** Removes escape sequences, controls, bidi and other invisible characters; collapses runs of spaces. */
function oneLine(text: string): string {
  return text
    .replaceAll(ESCAPE_SEQUENCES, '')
    .replaceAll(/(?!\s)\p{Cc}|\p{Cs}|(?![\u200C\u200D])\p{Cf}/gu, '')
    .replaceAll(/[\s\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Returns the value of each template placeholder. */
export function placeholderValues(message: Message): Readonly<Record<Placeholder, string>> {
  const { title, subtitle, body, status, severity, alert, server, count, runbook } = message;
  return {
    title,
    subtitle,
    body,
    status,
    severity,
    alert: alert ?? '',
    server: server ?? '',
    count: String(count),
    runbook: runbook ?? '',
  };
}
