// Inbox for webhook messages of Alertmanager: checks each message and passes it to its subscriber.
import {
  type AlertmanagerMessage,
  readAlertmanagerMessage,
} from '../../core/delivery/alertmanager-message.ts';
import type { MessageRefusal } from '../../web/alertmanager-webhook.ts';

export interface ReceiveOptions {
  /** True when the route of the message asks our own channels to send it. */
  readonly isToForward: boolean;
}

export interface AlertmanagerInbox {
  /** Passes a message on; returns why it was refused, null when it was taken. */
  receive(body: unknown, options: ReceiveOptions): MessageRefusal | null;
  /** Subscribes to all messages from now on; returns how to stop. */
  subscribe(listener: (message: AlertmanagerMessage, options: ReceiveOptions) => void): () => void;
}

/** Refuses valid messages as `not-ready` while nobody is subscribed, so that Alertmanager sends them again. */
export function createAlertmanagerInbox(): AlertmanagerInbox {
  const listeners = new Set<Parameters<AlertmanagerInbox['subscribe']>[0]>();
  return {
    receive(body, options) {
      const message = readAlertmanagerMessage(body);
      if (typeof message === 'string') return { kind: 'invalid', reason: message };
      if (listeners.size === 0) return { kind: 'not-ready', reason: 'The watchdog is starting or stopping' };
      for (const listener of listeners) listener(message, options);
      return null;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
