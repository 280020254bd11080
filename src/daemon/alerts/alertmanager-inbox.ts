// Inbox for webhook messages of Alertmanager: admits only callers with the token, checks each message and passes it on.
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type AlertmanagerMessage,
  readAlertmanagerMessage,
} from '../../core/delivery/alertmanager-message.ts';
import type { AlertmanagerWebhook, MessageRefusal } from '../../web/alertmanager-webhook.ts';

export interface ReceiveOptions {
  /** True when the route of the message asks our own channels to send it. */
  readonly isToForward: boolean;
}

export interface AlertmanagerInboxListener {
  /** Takes a message that carried the token. @returns false when the disk refused what follows from it */
  receive(message: AlertmanagerMessage, options: ReceiveOptions): boolean;
  /** Called when a message for our channels did not carry the token. */
  refuse(): void;
}

export interface AlertmanagerInbox extends AlertmanagerWebhook {
  /** Replaces the token that messages must carry; null refuses all of them. */
  setToken(token: string | null): void;
  /** Subscribes to all messages from now on; returns how to stop. */
  subscribe(listener: AlertmanagerInboxListener): () => void;
}

/** Refuses messages as `not-ready` while nobody is subscribed, so that Alertmanager sends them again. */
export function createAlertmanagerInbox(): AlertmanagerInbox {
  const listeners = new Set<AlertmanagerInboxListener>();
  let expected: string | null = null;
  return {
    admit(token, { isToForward }) {
      if (listeners.size === 0) return NOT_READY;
      if (expected !== null && token !== null && isSame(token, expected)) return null;
      if (isToForward) for (const listener of listeners) listener.refuse();
      return expected === null ? NO_TOKEN_SET : WRONG_TOKEN;
    },
    receive(body, options) {
      const message = readAlertmanagerMessage(body);
      if (typeof message === 'string') return { kind: 'invalid', reason: message };
      if (listeners.size === 0) return NOT_READY;
      const kept = [...listeners].map((listener) => listener.receive(message, options));
      return kept.every(Boolean) ? null : NOT_KEPT;
    },
    setToken(token) {
      expected = token;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const NOT_READY: MessageRefusal = { kind: 'not-ready', reason: 'The watchdog is starting or stopping' };
/** Alertmanager counts what was answered with 200 as told: then it has to survive our death. */
const NOT_KEPT: MessageRefusal = { kind: 'not-ready', reason: 'The disk does not take the record of it' };
const NO_TOKEN_SET: MessageRefusal = {
  kind: 'unproven',
  reason: 'Set alerts.webhookToken in the config of mcp-watchdog, and send it as a Bearer token',
};
const WRONG_TOKEN: MessageRefusal = {
  kind: 'unproven',
  reason: 'Send alerts.webhookToken as a Bearer token (http_config.authorization in Alertmanager)',
};

/** Compares in a time that does not depend on where the texts differ. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
