// Dispatcher of notifications: one queue per channel, so that a slow channel delays no other.
import type { NotifyKind, NotifySuppression } from '../core/model/vocabulary.ts';
import type { ChannelReport, ChannelSettings, Notification, SendResult } from '../core/model/notification.ts';
import { messageOf } from '../core/base/guards.ts';
import { type Channel, type ChannelContext, failed, type SendOptions } from './channels/channel.ts';
import { openChannel } from './channels/registry.ts';
import { testNotification } from './message/message.ts';

export interface Dispatcher {
  /** Queues the notification for every channel, or those named, and returns at once. */
  send(notification: Notification, options?: SendTo): void;
  /** Returns the names of the channels, by which an outbox knows them after a restart. */
  names(): readonly string[];
  /** Makes one attempt through every channel, bypassing the queues; never rejects. */
  test(): Promise<readonly ChannelReport[]>;
  /** Replaces the channels; what is queued for the old ones is still sent by them. */
  replace(settings: readonly ChannelSettings[]): void;
  /** Returns the kinds in use, each once. */
  kinds(): readonly NotifyKind[];
  /** Gives the queues `timeout` ms to drain, then aborts what is left; never rejects. */
  close(timeout: number): Promise<void>;
}

export interface SendTo {
  /** Names of the channels; left out for all. */
  readonly channels?: readonly string[];
  /** Called once for each channel that sent it or gave it up; not for one that was cut off by `close`. */
  readonly onDone?: (channel: string) => void;
}

export interface DispatcherOptions extends ChannelContext {
  readonly settings: readonly ChannelSettings[];
  readonly onResult: (kind: NotifyKind, outcome: SendResult) => void;
  /** Called for notifications that were dropped before a channel saw them. */
  readonly onDropped: (kind: NotifyKind, reason: NotifySuppression, count: number) => void;
}

/** The policy sends few notifications: a longer queue means that the channel has not worked for hours. */
const MAX_QUEUE = 20;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  let queues = openQueues(options.settings, options);
  const retired = new Set<ChannelQueue>();
  let isClosed = false;

  return {
    send(notification, { channels, onDone = () => {} } = {}) {
      for (const queue of isClosed ? [] : queues)
        if (channels === undefined || channels.includes(queue.name))
          queue.add({ notification, onDone: () => onDone(queue.name) });
    },
    names: () => queues.map(({ name }) => name),
    test: () =>
      Promise.all(
        queues.map(async ({ channel }) => {
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
      for (const queue of queues) {
        retired.add(queue);
        void queue.drained().then(() => retired.delete(queue));
      }
      queues = openQueues(settings, options);
    },
    kinds: () => [...new Set(queues.map(({ channel }) => channel.kind))],
    async close(timeout) {
      isClosed = true;
      await Promise.all([...queues, ...retired].map((queue) => queue.close(timeout)));
    },
  };
}

function openQueues(settings: readonly ChannelSettings[], options: DispatcherOptions): ChannelQueue[] {
  const seen = new Map<NotifyKind, number>();
  return settings.map((one) => {
    const number = (seen.get(one.kind) ?? 0) + 1;
    seen.set(one.kind, number);
    return new ChannelQueue(`${one.kind} ${number}`, openChannel(one, options), options);
  });
}

/** Turns an unexpected error of a channel into a failed attempt, so that its queue goes on. */
async function trySend(
  channel: Channel,
  notification: Notification,
  options: SendOptions,
): Promise<SendResult> {
  try {
    return await channel.send(notification, options);
  } catch (error) {
    return failed('fault', messageOf(error));
  }
}

interface Queued {
  readonly notification: Notification;
  readonly onDone: () => void;
}

/** Queue of one channel; sends one notification at a time. */
class ChannelQueue {
  /** Its kind, and its number among those of that kind: nothing secret. */
  readonly name: string;
  readonly channel: Channel;
  readonly #options: DispatcherOptions;
  readonly #stop = new AbortController();
  #queue: Queued[] = [];
  #working: Promise<void> | null = null;

  constructor(name: string, channel: Channel, options: DispatcherOptions) {
    this.name = name;
    this.channel = channel;
    this.#options = options;
  }

  add(queued: Queued): void {
    this.#queue.push(queued);
    if (this.#queue.length > MAX_QUEUE) {
      // The oldest goes: the newest describes the present.
      this.#queue.shift()?.onDone();
      this.#options.onDropped(this.channel.kind, 'queue_full', 1);
    }
    this.#working ??= this.#work();
  }

  async drained(): Promise<void> {
    await this.#working;
  }

  async close(timeout: number): Promise<void> {
    const cancel = this.#options.clock.after(timeout, () => {
      const { length } = this.#queue;
      this.#queue = [];
      if (length > 0) this.#options.onDropped(this.channel.kind, 'shutdown', length);
      this.#stop.abort();
    });
    await this.#working;
    cancel();
  }

  async #work(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { signal } = this.#stop;
      const outcome = await trySend(this.channel, next.notification, { signal, mayRetry: true });
      // What was cut off at the end is not done: the next daemon sends it.
      if (outcome.result === 'sent' || !signal.aborted) next.onDone();
      this.#options.onResult(this.channel.kind, outcome);
    }
    this.#working = null;
  }
}
