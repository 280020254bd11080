// How notifications reach the channels: each has a queue of its own, so that a slow one holds up nobody.
import type { NotifyKind, NotifySuppression } from '../core/model/vocabulary.ts';
import type { ChannelReport, ChannelSettings, Notification, SendResult } from '../core/model/notification.ts';
import { messageOf as reasonOf } from '../core/base/guards.ts';
import { type Channel, type ChannelContext, failed, type SendOptions } from './channels/channel.ts';
import { openChannel } from './channels/registry.ts';
import { testNotification } from './message/message.ts';

export interface Dispatcher {
  /** Returns at once. */
  send(notification: Notification): void;
  /** One attempt through every channel, past its queue; never rejects. */
  test(): Promise<readonly ChannelReport[]>;
  /** From now on these are the channels; what waits for the old ones is still sent by them. */
  replace(settings: readonly ChannelSettings[]): void;
  /** The kinds in use, each once. */
  kinds(): readonly NotifyKind[];
  /** Gives what waits `patience` ms, then breaks it off; never rejects. */
  close(patience: number): Promise<void>;
}

export interface DispatcherOptions extends ChannelContext {
  readonly settings: readonly ChannelSettings[];
  readonly onResult: (kind: NotifyKind, outcome: SendResult) => void;
  /** Told of notifications that a channel never got to see. */
  readonly onDropped: (kind: NotifyKind, reason: NotifySuppression, count: number) => void;
}

/** Notifications are few by policy: more than this means that the channel has not worked for hours. */
const LONGEST_QUEUE = 20;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  let lanes = openLanes(options.settings, options);
  const old = new Set<Lane>();
  let isClosed = false;

  return {
    send(notification) {
      for (const lane of isClosed ? [] : lanes) lane.add(notification);
    },
    test: () =>
      Promise.all(
        lanes.map(async ({ channel }) => {
          const outcome = await trySend(channel, testNotification(options.clock.now()), {
            signal: new AbortController().signal,
            mayRetry: false,
          });
          options.onResult(channel.kind, outcome);
          const { kind, to } = channel;
          const advice = outcome.result === 'sent' ? channel.advice : (await channel.check()).cure;
          return { kind, to, outcome, advice };
        }),
      ),
    replace(settings) {
      for (const lane of lanes) {
        old.add(lane);
        void lane.drained().then(() => old.delete(lane));
      }
      lanes = openLanes(settings, options);
    },
    kinds: () => [...new Set(lanes.map(({ channel }) => channel.kind))],
    async close(patience) {
      isClosed = true;
      await Promise.all([...lanes, ...old].map((lane) => lane.close(patience)));
    },
  };
}

function openLanes(settings: readonly ChannelSettings[], options: DispatcherOptions): Lane[] {
  return settings.map((one) => new Lane(openChannel(one, options), options));
}

/** A kind that fails in a way it did not foresee is a failed attempt, not the end of its lane. */
async function trySend(
  channel: Channel,
  notification: Notification,
  options: SendOptions,
): Promise<SendResult> {
  try {
    return await channel.send(notification, options);
  } catch (error) {
    return failed('fault', reasonOf(error));
  }
}

/** One channel and what waits for it; one notification at a time. */
class Lane {
  readonly channel: Channel;
  readonly #options: DispatcherOptions;
  readonly #stop = new AbortController();
  #waiting: Notification[] = [];
  #working: Promise<void> | null = null;

  constructor(channel: Channel, options: DispatcherOptions) {
    this.channel = channel;
    this.#options = options;
  }

  add(notification: Notification): void {
    this.#waiting.push(notification);
    if (this.#waiting.length > LONGEST_QUEUE) {
      // The newest is the truest.
      this.#waiting.shift();
      this.#options.onDropped(this.channel.kind, 'queue_full', 1);
    }
    this.#working ??= this.#work();
  }

  async drained(): Promise<void> {
    await this.#working;
  }

  async close(patience: number): Promise<void> {
    const cancel = this.#options.clock.after(patience, () => {
      const { length } = this.#waiting;
      this.#waiting = [];
      if (length > 0) this.#options.onDropped(this.channel.kind, 'shutdown', length);
      this.#stop.abort();
    });
    await this.#working;
    cancel();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { signal } = this.#stop;
      const outcome = await trySend(this.channel, next, { signal, mayRetry: true });
      this.#options.onResult(this.channel.kind, outcome);
    }
    this.#working = null;
  }
}
