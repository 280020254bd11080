// Runner of the notification policy: holds its state, its timer and its record on disk.
import { type AlertChange, alertKey } from '../../core/model/notification.ts';
import {
  type Outbox,
  readOutbox,
  reassigned,
  withNotifications,
  withoutChannel,
} from '../../core/notification/outbox.ts';
import { restoreNotifications, saveNotifications } from '../../core/notification/saved-notifications.ts';
import {
  decideNotifications,
  nextDecisionAt,
  type NotificationInput,
} from '../../core/notification/notification-policy.ts';
import type { NotificationRules, NotificationState } from '../../core/notification/notification-state.ts';
import type { Clock } from '../../system/time/clock.ts';
import { isObject } from '../../core/base/guards.ts';
import type { Channels } from './channels.ts';
import type { StateStore } from '../home/state-store.ts';

export interface NotificationRunner {
  /** Feeds an input to the policy and sends what it decides. */
  take(input: NotificationInput): void;
  /** Replaces the rules that a reload can change. */
  setRules(rules: Omit<NotificationRules, 'isSilenced'>): void;
  /** Tells whether the policy has a word about this alert that was sent, is being sent, or waits to be sent. */
  hasWordOf(alert: Pick<AlertChange, 'name' | 'about'>): boolean;
  /** Sends what an earlier daemon left unsent, and lets the policy decide. */
  begin(): void;
  /** Writes the record to the disk itself; false when that failed. */
  flush(): boolean;
  close(): void;
}

export interface NotificationRunnerOptions {
  readonly clock: Clock;
  readonly stateStore: Pick<StateStore, 'alerts' | 'setAlerts'>;
  readonly rules: NotificationRules;
  readonly channels: Pick<Channels, 'send' | 'names' | 'suppress'>;
}

/** ms; changes come in bursts and are saved together, unless a notification is sent. */
const SAVE_WITHIN = 1000;

export function startNotificationRunner(options: NotificationRunnerOptions): NotificationRunner {
  return new PolicyRunner(options);
}

class PolicyRunner implements NotificationRunner {
  readonly #options: NotificationRunnerOptions;
  #rules: NotificationRules;
  #state: NotificationState;
  #outbox: Outbox;
  /** True once what an earlier daemon left unsent has been sent. */
  #hasResent = false;
  #cancelTimer = (): void => {};
  /** Cancels a save that is due within `SAVE_WITHIN`; null when none is. */
  #cancelSave: (() => void) | null = null;

  constructor(options: NotificationRunnerOptions) {
    const saved = options.stateStore.alerts();
    this.#options = options;
    this.#rules = options.rules;
    this.#state = restoreNotifications(saved);
    this.#outbox = readOutbox(isObject(saved) ? saved['outbox'] : null);
  }

  begin(): void {
    this.#resend();
    this.take({ kind: 'tick', at: this.#options.clock.now() });
  }

  take(input: NotificationInput): void {
    const { channels } = this.#options;
    const before = this.#state;
    const { state, notifications, suppressed } = decideNotifications(before, input, this.#rules);
    this.#state = state;
    // In the order of their time: the end of an alert is no news before its beginning.
    if (notifications.length > 0) this.#resend();
    const last = this.#outbox.at(-1)?.id ?? 0;
    this.#outbox = withNotifications(this.#outbox, notifications, channels.names());
    // Written down before it is sent, and crossed out once it is: a death in between repeats it and loses nothing.
    if (notifications.length > 0) this.flush();
    else if (state.records !== before.records) this.#saveSoon();
    for (const entry of this.#outbox) if (entry.id > last) this.#send(entry);
    for (const one of suppressed) channels.suppress(one);
    this.#arm();
  }

  hasWordOf(alert: Pick<AlertChange, 'name' | 'about'>): boolean {
    const record = this.#state.records.get(alertKey(alert));
    return record !== undefined && (record.notified?.state === 'firing' || record.forwarded === 'firing');
  }

  setRules(next: Omit<NotificationRules, 'isSilenced'>): void {
    this.#rules = { ...this.#rules, ...next };
    this.#arm();
  }

  flush(): boolean {
    return this.#save({ durable: true });
  }

  #save(options?: { readonly durable: boolean }): boolean {
    this.#cancelSave?.();
    this.#cancelSave = null;
    const record = { ...saveNotifications(this.#state), outbox: this.#outbox };
    return this.#options.stateStore.setAlerts(record, options);
  }

  close(): void {
    this.#cancelTimer();
    this.flush();
  }

  /** Sends what an earlier daemon left unsent, once. */
  #resend(): void {
    if (this.#hasResent) return;
    this.#hasResent = true;
    this.#outbox = reassigned(this.#outbox, this.#options.channels.names());
    for (const entry of this.#outbox) this.#send(entry);
  }

  #send({ id, notification, channels }: Outbox[number]): void {
    const onDone = (channel: string): void => {
      this.#outbox = withoutChannel(this.#outbox, id, channel);
      this.flush();
    };
    this.#options.channels.send(notification, { channels, onDone });
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#options.clock.after(SAVE_WITHIN, () => void this.#save());
  }

  #arm(): void {
    const { clock } = this.#options;
    this.#cancelTimer();
    const next = nextDecisionAt(this.#state, this.#rules);
    if (next === null) return;
    const delay = Math.max(0, next - clock.now());
    this.#cancelTimer = clock.after(delay, () => this.take({ kind: 'tick', at: clock.now() }));
  }
}
