// Who delivers alerts, at work: what is heard of Prometheus and Alertmanager decides whether our own channels speak.
import type { AlertsByGroup } from '../alerting/evaluator.ts';
import type { DaemonConfig } from '../config/loaded.ts';
import { type AlertNotice, readNotices } from '../core/alertmanager-notices.ts';
import { labelsFor, type RuledAlert, toPost } from '../core/alertmanager-post.ts';
import {
  beginDelivery,
  decideDelivery,
  type DeliveryInput,
  type DeliverySettings,
  type DeliveryState,
  type EngineName,
  forgetAlertmanager,
  lastContact,
} from '../core/delivery.ts';
import {
  type HandOver,
  handOver,
  heardOf,
  NOTHING_HELD,
  noticeOf,
  noticeOver,
  takenOver,
} from '../core/delivery-handover.ts';
import { readDeliveryMemory } from '../core/delivery-memory.ts';
import type { EventOf } from '../core/events.ts';
import { type AlertNews, keyOf } from '../core/notification.ts';
import { isSilenced } from '../core/silences.ts';
import type { Status } from '../core/status.ts';
import { askAlertmanager } from './ask-alertmanager.ts';
import type { Base } from './base.ts';
import type { StateKeeper } from './keep-state.ts';
import type { Notifying } from './notify.ts';
import type { Reloader } from './reload.ts';

export interface Delivering {
  /** A message of Alertmanager's webhook. @returns what is wrong with it, or null */
  hear(body: unknown, options: { readonly isToTell: boolean }): string | null;
}

export interface DeliverParts {
  readonly settings: Pick<DaemonConfig, 'alerts'>;
  readonly reloader: Pick<Reloader, 'onSettings'>;
  readonly keeper: Pick<StateKeeper, 'delivery' | 'setDelivery'>;
  readonly status: () => Status;
  readonly notifying: Pick<Notifying, 'take' | 'silence'>;
  readonly alerting: { state(): AlertsByGroup };
}

/** Those who evaluate rules, or forward to one who does, by how they call themselves. */
const EVALUATORS = /^(?:Prometheus|GrafanaAgent|Alloy|vm_promscrape|vmagent)\b/iu;
/** Between two looks at the time, ms, at most. */
const TICK = 5000;
/** Alertmanager is asked at least so often, ms. */
const ASK_AT_LEAST = 30_000;
/** A posted alert lasts for so many rounds: as Prometheus has it. */
const ROUNDS_LASTING = 4;
const LEAST_LASTING = 60_000;

export function openDelivering(base: Base, parts: DeliverParts): Delivering {
  const { bus, clock, log, cleanUps } = base;
  const { notifying, status, keeper } = parts;
  const memory = readDeliveryMemory(keeper.delivery());
  let { instance, silences } = memory;
  let settings = settingsOf(parts.settings);
  let state: DeliveryState = beginDelivery({ at: clock.monotonic(), was: memory.owner }, settings);
  let held: HandOver = { ...NOTHING_HELD, noticed: new Set(memory.noticed), isNoticed: memory.isNoticed };
  let reasons = '';
  let saved = '';

  const ruled = (): RuledAlert[] => [...parts.alerting.state().values()].flat();
  const keysFiring = (): string[] => status().daemon.alerts.map((alert) => keyOf(alert));
  const asking = askAlertmanager({
    clock,
    toPost: () =>
      state.owner === 'alertmanager-by-us'
        ? toPost(ruled(), { now: clock.now(), lasts: lasting(settings.every), instance })
        : null,
    onPosted: () => (held = takenOver(held, keysFiring(), clock.monotonic())),
    onAnswer: (isReady) => take({ kind: 'asked', at: clock.monotonic(), isReady }),
    onSilences(next) {
      silences = next;
      save();
    },
    onFault: (err) => log.error({ err }, 'Cannot ask Alertmanager'),
  });

  function take(input: DeliveryInput): void {
    const before = state;
    const verdict = decideDelivery(before, input, settings);
    state = verdict.state;
    tellOfEngines(before, input);
    if (state.owner !== before.owner) change(before, input.at);
    const why = verdict.reasons.join('\n');
    if (state.owner !== before.owner || why !== reasons)
      bus.publish({ kind: 'delivery', owner: state.owner, wasOwner: before.owner, reasons: verdict.reasons });
    reasons = why;
    save();
  }

  function change(before: DeliveryState, at: number): void {
    const outcome = handOver(held, {
      from: before.owner,
      to: state.owner,
      firing: status().daemon.alerts,
      lastContact: lastContact(before, settings),
      at,
    });
    held = outcome.next;
    for (const alert of outcome.told) noteTold({ ...alert, state: 'firing' });
    mute();
    if (state.owner === 'alertmanager-by-us') asking.hurry();
  }

  function mute(): void {
    notifying.take({ kind: 'muted', at: clock.now(), isMuted: state.owner !== 'us' });
  }

  function noteTold({ name, about, state: told }: Pick<AlertNews, 'name' | 'about' | 'state'>): void {
    notifying.take({ kind: 'told-elsewhere', at: clock.now(), alert: { name, about, state: told } });
  }

  function tellOfEngines(before: DeliveryState, { kind, ...input }: DeliveryInput): void {
    const isReady = kind === 'heartbeat' || ('isReady' in input && input.isReady);
    const heard: Record<EngineName, boolean> = { prometheus: kind === 'scraped', alertmanager: isReady };
    for (const engine of ['prometheus', 'alertmanager'] as const) {
      const isReachable = isAlive(engine, state, settings);
      if (!heard[engine] && isReachable === isAlive(engine, before, settings)) continue;
      bus.publish({ kind: 'engine', engine, isReachable, isHeardNow: heard[engine] });
    }
  }

  function save(): void {
    const { noticed, isNoticed } = held;
    const record = { owner: state.owner, noticed: [...noticed], isNoticed, instance, silences };
    const text = JSON.stringify(record);
    if (text === saved) return;
    saved = text;
    keeper.setDelivery(record);
  }

  function onAlert(alert: EventOf<'alert'>): void {
    const key = keyOf(alert);
    if (alert.state === 'resolved') held = noticeOver(held, key);
    else if (held.noticed.has(key)) noteTold(alert);
    held = heardOf(held, alert, { owner: state.owner, at: clock.monotonic() });
    if (state.owner === 'alertmanager-by-us') asking.hurry();
  }

  function onScrape({ by, host }: EventOf<'scraped'>): void {
    if (!EVALUATORS.test(by)) return;
    if (host !== undefined && host !== '') instance = host;
    take({ kind: 'scraped', at: clock.monotonic() });
  }

  function onNotice(notice: AlertNotice, isToTell: boolean): void {
    const { name, severity, summary, labels } = notice;
    const isOurs = isAboutUs(labels);
    const server = labels['server'] ?? null;
    const about = isOurs ? server : [server, labels['instance']].filter(Boolean).join(' on ');
    const news = { name, about, severity, state: notice.state, summary };
    // What our own channels tell is on their record.
    if (isToTell) {
      held = { ...held, isNoticed: true };
      notifying.take({ kind: 'relay', at: clock.now(), alert: news });
    } else if (isOurs) {
      held = noticeOf(held, news);
      noteTold(news);
    }
  }

  /** One Alertmanager may tell of many machines. */
  function isAboutUs({ instance: meant }: AlertNotice['labels']): boolean {
    if (meant === undefined || meant === instance) return true;
    return ruled().some(({ labels }) => labels['instance'] === meant);
  }

  function isQuiet({ name, about, severity }: AlertNews, at: number): boolean {
    if (silences.length === 0) return false;
    const own = ruled().filter(
      ({ labels, state: now }) =>
        now === 'firing' && labels['alertname'] === name && (labels['server'] ?? null) === about,
    );
    const server: Record<string, string> = about === null ? {} : { server: about };
    const sets =
      own.length > 0
        ? own.map((one) => labelsFor(one, instance))
        : [{ alertname: name, severity, ...server }];
    return sets.every((labels) => isSilenced(labels, silences, at));
  }

  const unsubscribe = bus.subscribe((event) => {
    if (event.kind === 'alert') onAlert(event);
    else if (event.kind === 'scraped') onScrape(event);
    else if (event.kind === 'gap' && event.cause === 'sleep') take({ kind: 'woke', at: clock.monotonic() });
  });
  let cancelTick = (): void => {};
  function tick(): void {
    cancelTick = clock.after(Math.min(TICK, settings.every), tick);
    take({ kind: 'tick', at: clock.monotonic() });
  }

  notifying.silence(isQuiet);
  mute();
  if (state.owner !== 'us') held = takenOver(held, keysFiring(), clock.monotonic());
  tick();
  asking.follow(settings);
  parts.reloader.onSettings((next) => {
    const { url } = settings;
    settings = settingsOf(next);
    if (settings.url !== url) state = forgetAlertmanager(state);
    take({ kind: 'tick', at: clock.monotonic() });
    asking.follow(settings);
  });
  cleanUps.add('delivery', () => {
    unsubscribe();
    cancelTick();
    asking.close();
  });
  return {
    hear(body, { isToTell }) {
      const notices = readNotices(body);
      if (typeof notices === 'string') return notices;
      if (notices.hasHeartbeat) take({ kind: 'heartbeat', at: clock.monotonic() });
      for (const notice of notices.alerts) onNotice(notice, isToTell);
      save();
      return null;
    },
  };
}

interface Settings extends DeliverySettings {
  readonly url: string | null;
  /** Ms between two questions to Alertmanager. */
  readonly every: number;
}

function settingsOf({ alerts: { alertmanager, evaluateEvery } }: Pick<DaemonConfig, 'alerts'>): Settings {
  const { url } = alertmanager;
  return { url, hasAlertmanager: url !== null, every: Math.min(ASK_AT_LEAST, evaluateEvery) };
}

function lasting(every: number): number {
  return Math.max(LEAST_LASTING, ROUNDS_LASTING * every);
}

function isAlive(engine: EngineName, state: DeliveryState, { hasAlertmanager }: DeliverySettings): boolean {
  const { scrapes, heartbeats, alertmanager } = state;
  if (engine === 'prometheus') return scrapes.isAlive && scrapes.isHeard;
  return hasAlertmanager
    ? alertmanager.isAlive && alertmanager.lastAt !== null
    : heartbeats.isAlive && heartbeats.isHeard;
}
