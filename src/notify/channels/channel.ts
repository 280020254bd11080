// What a kind of channel is: how it is opened, used, and asked whether it could work.
import type { ChannelSettings, Notification, SendResult } from '../../core/model/notification.ts';
import type { NotifyFailure, NotifyKind } from '../../core/model/vocabulary.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface ChannelContext {
  readonly clock: Clock;
  /** What programs are given, PATH included. */
  readonly environment: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
}

export interface Channel {
  readonly kind: NotifyKind;
  /** Where it leads, for people: a program, or a host; never a secret. */
  readonly to: string;
  /** What to do when nothing was seen although it was handed over; null where that cannot be. */
  readonly advice: string | null;
  /** Never rejects for what can be expected; ends soon after `signal`. */
  send(notification: Notification, options: SendOptions): Promise<SendResult>;
  /** Whether it could work, found out without sending anything. */
  check(): Promise<Readiness>;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  /** False makes one attempt: somebody waits for the answer. */
  readonly mayRetry: boolean;
}

/** `cure` is for people; both are null when all is well. */
export type Readiness =
  | { readonly ok: true; readonly reason: null; readonly cure: null }
  | { readonly ok: false; readonly reason: string; readonly cure: string };

export const READY: Readiness = { ok: true, reason: null, cure: null };

/** Opens a channel with its settings; nothing is held open between two notifications. */
export type OpenChannel<Settings extends ChannelSettings> = (
  settings: Settings,
  parts: ChannelContext,
) => Channel;

export function failed(reason: NotifyFailure, detail: string): SendResult {
  return { result: 'failed', reason, detail };
}
