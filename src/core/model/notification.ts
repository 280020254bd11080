// Notifications, their channels and the result of an attempt: the types that policy, dispatcher and config share.
import { neutralise, truncate } from '../base/text.ts';
import type { NotifyFailure, NotifyKind, Severity } from './vocabulary.ts';

/** An alert that began or ended, as the bus carries it. */
export interface AlertChange {
  readonly name: string;
  /** A server, or null for the watchdog itself. */
  readonly about: string | null;
  readonly severity: Severity;
  readonly state: 'firing' | 'resolved';
  readonly summary: string;
  /** Address of its page for people; left out when the rule names none. */
  readonly runbook?: string | undefined;
  /** As Prometheus would send them to Alertmanager, without those of the scrape (job, instance). */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An alert that fires now, as status shows it. `since` in ms since the epoch. */
export interface FiringAlert {
  readonly name: string;
  /** A server, or null for the watchdog itself. */
  readonly about: string | null;
  readonly severity: Severity;
  readonly since: number;
  readonly summary: string;
  /** Address of its page for people; left out when the rule names none. */
  readonly runbook?: string | undefined;
}

/** Identity of an alert: two with the same key are the same alert. */
export function alertKey({ name, about }: Pick<AlertChange, 'name' | 'about'>): string {
  return JSON.stringify([name, about]);
}

const LONGEST_SUMMARY = 400;

/** Makes `text` one short, harmless line for an alert. */
export function alertSummary(text: string): string {
  return truncate(neutralise(text.replaceAll(/\s+/gu, ' ')).trim(), LONGEST_SUMMARY);
}

/** Finds the address of the runbook among annotations; undefined for none, and for what is no short http(s) address. */
export function runbookIn(annotations: Readonly<Record<string, unknown>>): string | undefined {
  const address = annotations['runbook_url'];
  if (typeof address !== 'string' || address.length > LONGEST_ADDRESS) return undefined;
  return /^https?:\/\/[^\s\p{C}]+$/iu.test(address) ? address : undefined;
}

const LONGEST_ADDRESS = 500;

/** One alert within a notification. `since`: when it began, ms since the epoch. */
export interface NotifiedAlert extends AlertChange {
  readonly since: number;
}

/** One message to the person, about one alert or, as a digest, about several. */
export interface Notification {
  /** `test`: sent on request, about no alert. */
  readonly kind: 'single' | 'digest' | 'test';
  /** When it was decided, ms since the epoch. */
  readonly at: number;
  /** The highest among those that fire; `info` when all are resolved. */
  readonly severity: Severity;
  /** The most severe first, resolved ones last. */
  readonly alerts: readonly NotifiedAlert[];
  /** Alerts that came and went since the last notification without one of their own. */
  readonly swallowed: number;
}

/** Result of one attempt. `sent` means handed over; whether anybody saw it is not known. `detail` is for people. */
export type SendResult =
  | { readonly result: 'sent'; readonly detail: string }
  | { readonly result: 'failed'; readonly reason: NotifyFailure; readonly detail: string };

interface SettingsByKind {
  readonly desktop: DesktopSettings;
  readonly webhook: WebhookSettings;
  readonly command: CommandSettings;
}

/** The settings of one channel, as the config gives them. Timeouts in ms. A kind without settings does not compile. */
export type ChannelSettings<Kind extends NotifyKind = NotifyKind> = {
  [Each in Kind]: { readonly kind: Each } & SettingsByKind[Each];
}[Kind];

export interface DesktopSettings {
  readonly kind: 'desktop';
  /**
   * Program and arguments with `{title}`, `{subtitle}`, `{body}`, … that replace the system's own; null for the
   * system's own.
   */
  readonly program: readonly string[] | null;
  readonly timeout: number;
}

export interface WebhookSettings {
  readonly kind: 'webhook';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Key of the signature; null sends none. */
  readonly secret: string | null;
  /** The body, with placeholders like `{{title}}` in its texts; null for the standard body. */
  readonly template: Readonly<Record<string, TemplateValue>> | null;
  /** Of one attempt. */
  readonly timeout: number;
  /** Attempts after the first. */
  readonly retries: number;
}

/** JSON whose strings may hold placeholders. */
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
  /** Added to the variables that every program gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeout: number;
}

/** Placeholders of the templates of desktop programs (`{title}`) and webhooks (`{{title}}`). */
export const PLACEHOLDERS = [
  'title',
  'subtitle',
  'body',
  'status',
  'severity',
  'alert',
  'server',
  'count',
  'runbook',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** Result of a test notification through one channel. */
export interface ChannelReport {
  readonly kind: NotifyKind;
  /** Destination, for people: a program or a host; never a secret. */
  readonly to: string;
  readonly outcome: SendResult;
  /** What to do about the failure, or when nothing was seen although it was sent; null when unknown. */
  readonly advice: string | null;
}
