// Runner of the delivery decision: holds its state and its record on disk, and tells the notification policy about it.
import type { AlertmanagerMessage, AlertNotice } from '../../core/delivery/alertmanager-message.ts';
import {
  notYetHandedOff,
  type PostedAlert,
  type EvaluatedAlert,
  toPost,
} from '../../core/delivery/alertmanager-post.ts';
import {
  isToldThroughUs,
  isToldWithoutUs,
  type KnownAlert,
  type Receivers,
  withReceiver,
} from '../../core/delivery/alertmanager-view.ts';
import {
  beginDelivery,
  decideDelivery,
  type DeliveryInput,
  type DeliverySettings,
  type DeliveryState,
  lastContact,
  withNewAlertmanager,
} from '../../core/delivery/delivery.ts';
import type { DeliveryOwner } from '../../core/model/vocabulary.ts';
import {
  type Handoff,
  handOff,
  handoffAfterAlert,
  EMPTY_HANDOFF,
  handoffAfterNotice,
  withoutNotice,
  heldElsewhere,
} from '../../core/delivery/delivery-handoff.ts';
import type { SavedDelivery } from '../../core/delivery/saved-delivery.ts';
import type { EventOf } from '../../core/model/events.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../../core/model/notification.ts';
import type { Silence } from '../../core/delivery/silences.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import { engineEvents } from './engine-events.ts';
import type { StateStore } from '../home/state-store.ts';
import type { NotificationRunner } from './notification-runner.ts';
import type { PrometheusReport } from '../../notify/prometheus-client.ts';
import type { AlertSilences } from './alert-silences.ts';
import type { ReceiveOptions } from './alertmanager-inbox.ts';

export interface DeliveryRunnerOptions {
  /** Awake time. */
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  readonly stateStore: Pick<StateStore, 'setDelivery'>;
  readonly settings: DeliverySettings;
  /** Record of an earlier daemon. */
  readonly saved: SavedDelivery;
  readonly silences: AlertSilences;
  /** Returns the firing alerts. */
  readonly firing: () => readonly FiringAlert[];
  /** Returns the alerts with all labels, as the rules left them. */
  readonly evaluated: () => readonly EvaluatedAlert[];
  /** Policy of our own channels. */
  readonly notifications: Pick<NotificationRunner, 'take' | 'hasWordOf' | 'flush'>;
  /** Called when there is something to post to Alertmanager now. */
  readonly onToPost: () => void;
}

/** User agents of scrapers that evaluate rules, or forward to one that does. */
const EVALUATORS = /^(?:Prometheus|GrafanaAgent|Alloy|vm_promscrape|vmagent)\b/iu;

export class DeliveryRunner {
  readonly #options: DeliveryRunnerOptions;
  #settings: DeliverySettings;
  #state: DeliveryState;
  #handoff: Handoff;
  /** When Prometheus took over alerts that we had posted, ms since the epoch; null while it has none from us. */
  #handedOffAt: number | null = null;
  /** Receivers of Alertmanager that have sent us messages. */
  #receivers: Receivers;
  /** Alerts that Alertmanager routes only to receivers that do not report to us, when it was last asked. */
  #elsewhere: ReadonlySet<string> = new Set();
  /** Whether Alertmanager has been asked since our start what it takes for told. */
  #hasAsked = false;
  #reasons: string | null = null;
  #saved = '';

  constructor(options: DeliveryRunnerOptions) {
    const { owner, noticed, isNoticed, receivers } = options.saved;
    this.#receivers = receivers;
    this.#options = options;
    this.#settings = options.settings;
    this.#state = beginDelivery({ at: options.clock.monotonic(), was: owner }, options.settings);
    this.#handoff = { ...EMPTY_HANDOFF, noticed: new Set(noticed), isNoticed };
  }

  get owner(): DeliveryOwner {
    return this.#state.owner;
  }

  /** Mutes our own channels when somebody else delivers, and decides for the first time. */
  begin(): void {
    if (this.owner !== 'us') this.posted();
    this.#mute();
    this.take({ kind: 'tick' });
  }

  /** Replaces the settings; `isOtherAlertmanager` when its URL changed. */
  replace(
    settings: DeliverySettings,
    { isOtherAlertmanager }: { readonly isOtherAlertmanager: boolean },
  ): void {
    this.#settings = settings;
    if (isOtherAlertmanager) {
      this.#state = withNewAlertmanager(this.#state, this.#options.clock.monotonic());
      this.#elsewhere = new Set();
    }
    this.take({ kind: 'tick' });
  }

  /** Feeds an input to the decision and publishes what changed. */
  take(untimed: Untimed<DeliveryInput>): void {
    const input: DeliveryInput = { ...untimed, at: this.#options.clock.monotonic() };
    const before = this.#state;
    const { state, owner, reasons } = decideDelivery(before, input, this.#settings);
    this.#state = state;
    for (const event of engineEvents(before, state, { input, settings: this.#settings }))
      this.#options.bus.publish(event);
    if (owner !== before.owner) this.#changeOwner(before, input);
    const text = reasons.join('\n');
    if (owner !== before.owner || text !== this.#reasons)
      this.#options.bus.publish({ kind: 'delivery', owner, wasOwner: before.owner, reasons });
    this.#reasons = text;
    this.#followSilences();
    this.#save();
  }

  /** Takes note of a message for our channels that did not carry the token: Alertmanager cannot use them. */
  refuse(): void {
    this.take({ kind: 'refused' });
  }

  /**
   * Takes a webhook message of Alertmanager that carried the token: its heartbeat, and the alerts that it has sent or wants us
   * to send.
   *
   * @returns false when what it says of alerts is not on the disk, so that it has to come again
   */
  receive({ hasHeartbeat, receiver, alerts }: AlertmanagerMessage, { isToForward }: ReceiveOptions): boolean {
    this.take({ kind: 'accepted' });
    if (hasHeartbeat && this.#settings.hasToken) this.take({ kind: 'heartbeat' });
    if (alerts.length === 0) return true;
    this.#receivers = withReceiver(this.#receivers, receiver, isToForward ? 'forwards' : 'reports');
    for (const notice of alerts) this.#takeNotice(notice, isToForward);
    this.#save();
    return this.#options.notifications.flush();
  }

  /** Tells whether to ask Alertmanager for its alerts: once after our start, and while somebody may not have told of ours. */
  get asksAlerts(): boolean {
    const { notifications, firing } = this.#options;
    if (this.owner === 'us') return false;
    const isUntold = (alert: FiringAlert): boolean =>
      !this.#handoff.noticed.has(alertKey(alert)) && !notifications.hasWordOf(alert);
    return !this.#hasAsked || (this.#handoff.isNoticed && firing().some(isUntold));
  }

  /**
   * Takes the alerts that Alertmanager has. What it takes for told through our channels, and we know nothing of after a
   * start, is sent now: Alertmanager would send it again only after hours.
   */
  takeAlerts(alerts: readonly KnownAlert[]): void {
    const { notifications, silences, clock } = this.#options;
    const own = alerts
      .filter(({ notice }) => silences.isOwnInstance(notice.labels['instance']))
      .map((known) => ({ known, alert: aboutUs(known.notice) }));
    const others = own.filter(({ known }) => isToldWithoutUs(known, this.#receivers));
    this.#elsewhere = new Set(others.map(({ alert }) => alertKey(alert)));
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    for (const { known, alert } of own)
      if (isToldThroughUs(known, this.#receivers) && !notifications.hasWordOf(alert))
        notifications.take({ kind: 'forwarded', at: clock.now(), alert });
  }

  /** Takes the answer of the configured Prometheus. */
  takePrometheusReport({ trouble, instance }: PrometheusReport): void {
    if (instance !== null) this.#options.silences.scrapedAs(instance);
    this.take(trouble === null ? { kind: 'scraped' } : { kind: 'not-scraped', trouble });
  }

  /** Takes a scrape of /metrics; a configured Prometheus is asked instead, for anybody may send its user agent. */
  takeScrape({ by, host }: EventOf<'scraped'>): void {
    if (this.#settings.hasPrometheus || !EVALUATORS.test(by)) return;
    // The Host header of a scrape is the `instance` label that it gives to our series.
    if (host !== undefined && host !== '') this.#options.silences.scrapedAs(host);
    this.take({ kind: 'scraped' });
  }

  /** Takes a change of one of our own alerts. */
  takeAlert(alert: EventOf<'alert'>): void {
    const key = alertKey(alert);
    if (alert.state === 'resolved') this.#handoff = withoutNotice(this.#handoff, key);
    else if (this.#handoff.noticed.has(key)) this.#noteSent(alert);
    const at = this.#options.clock.monotonic();
    this.#handoff = handoffAfterAlert(this.#handoff, alert, { owner: this.owner, at });
    if (this.owner === 'alertmanager-by-us') this.#options.onToPost();
  }

  /** Returns the alerts to post to Alertmanager, each valid for `lasts` ms; null when we have none to post. */
  toPost(lasts: number): readonly PostedAlert[] | null {
    const { clock, evaluated, silences } = this.#options;
    const options = { now: clock.now(), lasts, instance: silences.instance };
    if (this.owner === 'alertmanager-by-us') return toPost(evaluated(), options);
    if (this.#handedOffAt === null) return null;
    return toPost(notYetHandedOff(evaluated(), { ...options, handedAt: this.#handedOffAt }), options);
  }

  /** Notes that somebody else now has all firing alerts. */
  posted(): void {
    const { firing, clock } = this.#options;
    const keys = firing().map((alert) => alertKey(alert));
    this.#handoff = heldElsewhere(this.#handoff, keys, clock.monotonic());
  }

  /** Takes over the silences of Alertmanager. */
  replaceSilences(silences: readonly Silence[]): void {
    this.#options.silences.replace(silences);
    this.#followSilences();
    this.#save();
  }

  #changeOwner(before: DeliveryState, { at, kind }: DeliveryInput): void {
    const { owner } = this;
    const { next, sent } = handOff(this.#handoff, {
      from: before.owner,
      to: owner,
      firing: this.#options.firing(),
      // What was refused was not sent, however well Alertmanager is.
      lastContact: kind === 'refused' ? null : lastContact(before, this.#settings),
      at,
      isElsewhere: (key) => this.#elsewhere.has(key),
    });
    this.#handoff = next;
    const isHandedOff = before.owner === 'alertmanager-by-us' && owner === 'engine';
    this.#handedOffAt = isHandedOff ? this.#options.clock.now() : null;
    // Before our channels are unmuted: otherwise these would be sent again.
    for (const { name, about } of sent) this.#noteSent({ name, about, state: 'firing' });
    // Before the new owner is written down: a next daemon that tells would else tell them again.
    if (sent.length > 0) this.#options.notifications.flush();
    this.#mute();
    if (owner === 'alertmanager-by-us') this.#options.onToPost();
  }

  #mute(): void {
    const { notifications, clock } = this.#options;
    notifications.take({ kind: 'muted', at: clock.now(), isMuted: this.owner !== 'us' });
  }

  #noteSent({ name, about, state }: Pick<AlertChange, 'name' | 'about' | 'state'>): void {
    const { notifications, clock } = this.#options;
    notifications.take({ kind: 'notified-elsewhere', at: clock.now(), alert: { name, about, state } });
  }

  #takeNotice(notice: AlertNotice, isToForward: boolean): void {
    const { labels } = notice;
    const isOurs = this.#options.silences.isOwnInstance(labels['instance']);
    const elsewhere = [labels['server'], labels['instance']].filter((one) => one !== undefined).join(' on ');
    const alert = isOurs ? aboutUs(notice) : { ...aboutUs(notice), about: elsewhere };
    if (isToForward) {
      // The record of our own channels has what they send.
      this.#handoff = { ...this.#handoff, isNoticed: true };
      this.#options.notifications.take({ kind: 'forwarded', at: this.#options.clock.now(), alert });
    } else if (isOurs) {
      this.#handoff = handoffAfterNotice(this.#handoff, alert);
      this.#noteSent(alert);
    }
  }

  /** Lets the policy decide again when a silence began or ended. */
  #followSilences(): void {
    const { notifications, clock, silences } = this.#options;
    const at = clock.now();
    if (silences.haveChanged(at)) notifications.take({ kind: 'tick', at });
  }

  #save(): void {
    const { noticed, isNoticed } = this.#handoff;
    const { silences } = this.#options;
    const record = {
      owner: this.owner,
      noticed: [...noticed],
      isNoticed,
      receivers: this.#receivers,
      instance: silences.instance,
      silences: silences.silences,
    };
    const text = JSON.stringify(record);
    if (text === this.#saved) return;
    this.#saved = text;
    this.#options.stateStore.setDelivery(record);
  }
}

/** The alert of a notice about this machine. */
function aboutUs({ name, severity, summary, labels, state, runbook }: AlertNotice): AlertChange {
  return { name, about: labels['server'] ?? null, severity, state, summary, runbook };
}

type Untimed<Input> = Input extends unknown ? Omit<Input, 'at'> : never;
