// What is told to the person, through which channels, and what can become of it: the words that all parts share.
import type { EventOf, NotifyKind, Severity } from './events.ts';
import { truncate, neutralise } from '../base/text.ts';

/** An alert as the bus carries it. */
export type AlertChange = Omit<EventOf<'alert'>, 'kind' | 'at'>;

/** An alert that holds now, as status shows it. `since` in ms since the epoch. */
export interface FiringAlert {
  readonly name: string;
  /** A server, or null for the watchdog itself. */
  readonly about: string | null;
  readonly severity: Severity;
  readonly since: number;
  readonly summary: string;
}

/** What makes two alerts the same. */
export function alertKey({ name, about }: Pick<AlertChange, 'name' | 'about'>): string {
  return JSON.stringify([name, about]);
}

const LONGEST_SUMMARY = 400;

/** One line, as an alert may carry it. */
export function alertSummary(text: string): string {
  return truncate(neutralise(text.replaceAll(/\s+/gu, ' ')).trim(), LONGEST_SUMMARY);
}

/** One alert within a notification. `since`: when it began, ms since the epoch. */
export interface NotifiedAlert extends AlertChange {
  readonly since: number;
}

/** One thing to tell, about one alert or, as a digest, about several. */
export interface Notification {
  /** `test` is asked for by a person and about nothing. */
  readonly kind: 'single' | 'digest' | 'test';
  /** When it was decided, ms since the epoch. */
  readonly at: number;
  /** The gravest among those that fire; `info` when all are over. */
  readonly severity: Severity;
  /** The gravest first, those that are over last. */
  readonly alerts: readonly NotifiedAlert[];
  /** Alerts that came and went since the last notification without being told. */
  readonly swallowed: number;
}

/** Why a channel did not take a notification. A metric label: a closed list. */
export const NOTIFY_FAILURES = [
  'timeout',
  'refused',
  'closed',
  'tls',
  'http_status',
  'unauthorized',
  'exit_code',
  'missing_program',
  'no_session',
  'fault',
] as const;
export type NotifyFailure = (typeof NOTIFY_FAILURES)[number];

/**
 * Why an alert was not told by a notification of its own. A metric label: a closed list.
 *
 * `repeat`: nothing new. `passing`: over before it was told. `superseded`: a newer state was told instead. `covered`:
 * a graver alert about the same server says it too. `silenced`: somebody asked Alertmanager for silence about it.
 * `grouped`: told within a digest. `elsewhere`: Prometheus and Alertmanager tell it. `queue_full` and `shutdown`: the channel was too slow.
 */
export const NOTIFY_SUPPRESSIONS = [
  'repeat',
  'passing',
  'superseded',
  'covered',
  'silenced',
  'grouped',
  'elsewhere',
  'queue_full',
  'shutdown',
] as const;
export type NotifySuppression = (typeof NOTIFY_SUPPRESSIONS)[number];

/** What became of one attempt. `sent` is handed over: whether anybody saw it, nobody can tell. `detail` is for people. */
export type SendResult =
  | { readonly result: 'sent'; readonly detail: string }
  | { readonly result: 'failed'; readonly reason: NotifyFailure; readonly detail: string };

/** The settings of one channel, as the config gives them. Timeouts in ms. */
export type ChannelSettings = DesktopSettings | WebhookSettings | CommandSettings;

export interface DesktopSettings {
  readonly kind: 'desktop';
  /** Program and arguments with `{title}`, `{subtitle}`, `{body}`, … in place of the system's own; null for that. */
  readonly program: readonly string[] | null;
  readonly timeout: number;
}

export interface WebhookSettings {
  readonly kind: 'webhook';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Key of the signature; null sends none. */
  readonly secret: string | null;
  /** The body, with `{{title}}` and the like in its texts; null for the standard body. */
  readonly template: Readonly<Record<string, TemplateValue>> | null;
  /** Of one attempt. */
  readonly timeout: number;
  /** Attempts after the first. */
  readonly retries: number;
}

/** JSON whose texts may hold placeholders. */
export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | readonly TemplateValue[]
  | { readonly [key: string]: TemplateValue };

export interface CommandSettings {
  readonly kind: 'command';
  readonly command: readonly string[];
  /** On top of what every program needs. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeout: number;
}

/** What stands for a text in the templates of desktop programs (`{title}`) and webhooks (`{{title}}`). */
export const PLACEHOLDERS = [
  'title',
  'subtitle',
  'body',
  'status',
  'severity',
  'alert',
  'server',
  'count',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** What one channel answered when it was tried. */
export interface ChannelReport {
  readonly kind: NotifyKind;
  /** Where it leads, for people: a program, or a host; never a secret. */
  readonly to: string;
  readonly outcome: SendResult;
  /** What to do when nothing was seen although it was handed over, or about the failure; null when unknown. */
  readonly advice: string | null;
}
