// The decision who delivers, at work: its state, its record on disk, and what the policy of our own channels is told of it.
import { type AlertNotice, readAlertmanagerMessage } from '../../core/delivery/alertmanager-message.ts';
import {
  labelsFor,
  notYetHandedOff,
  type PostedAlert,
  type EvaluatedAlert,
  toPost,
} from '../../core/delivery/alertmanager-post.ts';
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
import { readSavedDelivery } from '../../core/delivery/saved-delivery.ts';
import type { EventOf } from '../../core/model/events.ts';
import { type AlertChange, type FiringAlert, alertKey } from '../../core/model/notification.ts';
import type { NotificationInput } from '../../core/notification/notification-policy.ts';
import type { Silence } from '../../core/delivery/silences.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import { engineEvents } from './engine-events.ts';
import type { StateStore } from '../home/state-store.ts';
import { SilenceCache } from './silence-cache.ts';

export interface DeliveryControllerOptions {
  /** Awake time. */
  readonly clock: Clock;
  readonly bus: Pick<Bus, 'publish'>;
  readonly stateStore: Pick<StateStore, 'delivery' | 'setDelivery'>;
  readonly settings: DeliverySettings;
  /** What people were told of. */
  readonly firing: () => readonly FiringAlert[];
  /** The same with all labels, as the rules left it. */
  readonly ruled: () => readonly EvaluatedAlert[];
  /** Into the policy of our own channels. */
  readonly tell: (input: NotificationInput) => void;
  /** Alertmanager has to be posted to, now. */
  readonly onToPost: () => void;
}

/** Those who evaluate rules, or forward to one who does, by how they call themselves. */
const EVALUATORS = /^(?:Prometheus|GrafanaAgent|Alloy|vm_promscrape|vmagent)\b/iu;

export class DeliveryController {
  readonly #options: DeliveryControllerOptions;
  #settings: DeliverySettings;
  #state: DeliveryState;
  #held: Handoff;
  #instance: string | null;
  readonly #silences: SilenceCache;
  /** When the engine began to deliver what we had posted, ms since the epoch; null while it has nothing from us. */
  #leftAt: number | null = null;
  #reasons: string | null = null;
  #saved = '';

  constructor(options: DeliveryControllerOptions) {
    const { owner, noticed, isNoticed, instance, silences } = readSavedDelivery(
      options.stateStore.delivery(),
    );
    this.#options = options;
    this.#settings = options.settings;
    this.#state = beginDelivery({ at: options.clock.monotonic(), was: owner }, options.settings);
    this.#held = { ...EMPTY_HANDOFF, noticed: new Set(noticed), isNoticed };
    this.#instance = instance;
    this.#silences = new SilenceCache(silences);
  }

  get owner(): DeliveryOwner {
    return this.#state.owner;
  }

  begin(): void {
    if (this.owner !== 'us') this.posted();
    this.#mute();
    this.take({ kind: 'tick' });
  }

  /** @param isOther another Alertmanager than before, or none */
  replace(settings: DeliverySettings, isOther: boolean): void {
    this.#settings = settings;
    if (isOther) this.#state = withNewAlertmanager(this.#state, this.#options.clock.monotonic());
    this.take({ kind: 'tick' });
  }

  take(news: Untimed<DeliveryInput>): void {
    const input: DeliveryInput = { ...news, at: this.#options.clock.monotonic() };
    const before = this.#state;
    const { state, owner, reasons } = decideDelivery(before, input, this.#settings);
    this.#state = state;
    const said = engineEvents(before, state, { input, settings: this.#settings });
    for (const one of said) this.#options.bus.publish(one);
    if (owner !== before.owner) this.#change(before, input.at);
    const why = reasons.join('\n');
    if (owner !== before.owner || why !== this.#reasons)
      this.#options.bus.publish({ kind: 'delivery', owner, wasOwner: before.owner, reasons });
    this.#reasons = why;
    this.#followSilences();
    this.#save();
  }

  /** A message of Alertmanager's webhook. @returns what is wrong with it, or null */
  hear(body: unknown, { isToTell }: { readonly isToTell: boolean }): string | null {
    const notices = readAlertmanagerMessage(body);
    if (typeof notices === 'string') return notices;
    if (notices.hasHeartbeat) this.take({ kind: 'heartbeat' });
    for (const notice of notices.alerts) this.#hearOne(notice, isToTell);
    this.#save();
    return null;
  }

  scraped({ by, host }: EventOf<'scraped'>): void {
    if (!EVALUATORS.test(by)) return;
    // The name by which it asks for us is the one that it gives to our series.
    if (host !== undefined && host !== '') this.#instance = host;
    this.take({ kind: 'scraped' });
  }

  alerted(alert: EventOf<'alert'>): void {
    const key = alertKey(alert);
    if (alert.state === 'resolved') this.#held = withoutNotice(this.#held, key);
    else if (this.#held.noticed.has(key)) this.#noteTold(alert);
    const at = this.#options.clock.monotonic();
    this.#held = handoffAfterAlert(this.#held, alert, { owner: this.owner, at });
    if (this.owner === 'alertmanager-by-us') this.#options.onToPost();
  }

  /** What Alertmanager is to tell now; null when that is not for us to say. */
  toPost(lasts: number): readonly PostedAlert[] | null {
    const { clock, ruled } = this.#options;
    const options = { now: clock.now(), lasts, instance: this.#instance };
    if (this.owner === 'alertmanager-by-us') return toPost(ruled(), options);
    if (this.#leftAt === null) return null;
    return toPost(notYetHandedOff(ruled(), { ...options, handedAt: this.#leftAt }), options);
  }

  /** Somebody else has what fires. */
  posted(): void {
    const { firing, clock } = this.#options;
    const keys = firing().map((alert) => alertKey(alert));
    this.#held = heldElsewhere(this.#held, keys, clock.monotonic());
  }

  learnSilences(silences: readonly Silence[]): void {
    this.#silences.learn(silences);
    this.#followSilences();
    this.#save();
  }

  /** @param at ms since the epoch */
  isSilenced(alert: Pick<AlertChange, 'name' | 'about' | 'severity'>, at: number): boolean {
    return this.#silences.silence(() => this.#labelsOf(alert), at);
  }

  #change(before: DeliveryState, at: number): void {
    const { owner } = this;
    const { next, sent } = handOff(this.#held, {
      from: before.owner,
      to: owner,
      firing: this.#options.firing(),
      lastContact: lastContact(before, this.#settings),
      at,
    });
    this.#held = next;
    const isHandedOn = before.owner === 'alertmanager-by-us' && owner === 'engine';
    this.#leftAt = isHandedOn ? this.#options.clock.now() : null;
    // Before we may speak again: else they would be told.
    for (const { name, about } of sent) this.#noteTold({ name, about, state: 'firing' });
    this.#mute();
    if (owner === 'alertmanager-by-us') this.#options.onToPost();
  }

  #mute(): void {
    const { tell, clock } = this.#options;
    tell({ kind: 'muted', at: clock.now(), isMuted: this.owner !== 'us' });
  }

  #noteTold({ name, about, state }: Pick<AlertChange, 'name' | 'about' | 'state'>): void {
    const { tell, clock } = this.#options;
    tell({ kind: 'notified-elsewhere', at: clock.now(), alert: { name, about, state } });
  }

  #hearOne({ name, severity, summary, labels, state, runbook }: AlertNotice, isToTell: boolean): void {
    const isOurs = this.#isAboutUs(labels['instance']);
    const server = labels['server'] ?? null;
    const elsewhere = [server, labels['instance']]
      .filter((one) => one !== null && one !== undefined)
      .join(' on ');
    const alert = { name, about: isOurs ? server : elsewhere, severity, state, summary, runbook };
    if (isToTell) {
      // What our own channels tell is on their record.
      this.#held = { ...this.#held, isNoticed: true };
      this.#options.tell({ kind: 'forwarded', at: this.#options.clock.now(), alert });
    } else if (isOurs) {
      this.#held = handoffAfterNotice(this.#held, alert);
      this.#noteTold(alert);
    }
  }

  /** One Alertmanager may tell of many machines. */
  #isAboutUs(instance: string | undefined): boolean {
    if (instance === undefined || instance === this.#instance) return true;
    return this.#options.ruled().some(({ labels }) => labels['instance'] === instance);
  }

  #labelsOf({ name, about, severity }: Pick<AlertChange, 'name' | 'about' | 'severity'>) {
    const own = this.#options
      .ruled()
      .filter(({ state, labels }) => state !== 'pending' && labels['alertname'] === name)
      .filter(({ labels }) => (labels['server'] ?? null) === about);
    if (own.length > 0) return own.map((alert) => labelsFor(alert, this.#instance));
    return [{ alertname: name, severity, ...(about === null ? {} : { server: about }) }];
  }

  /** One that ended, or began, may free or hold back what fires. */
  #followSilences(): void {
    const { tell, clock } = this.#options;
    const at = clock.now();
    if (this.#silences.haveTurned(at)) tell({ kind: 'tick', at });
  }

  #save(): void {
    const { noticed, isNoticed } = this.#held;
    const record = {
      owner: this.owner,
      noticed: [...noticed],
      isNoticed,
      instance: this.#instance,
      silences: this.#silences.list,
    };
    const text = JSON.stringify(record);
    if (text === this.#saved) return;
    this.#saved = text;
    this.#options.stateStore.setDelivery(record);
  }
}

type Untimed<Input> = Input extends unknown ? Omit<Input, 'at'> : never;
