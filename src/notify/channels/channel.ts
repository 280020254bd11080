// Interface of a notification channel: opened with its settings, sends, and checks whether it could work.
import type { ChannelSettings, Notification, SendResult } from '../../core/model/notification.ts';
import type { NotifyFailure, NotifyKind } from '../../core/model/vocabulary.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface ChannelContext {
  readonly clock: Clock;
  /** Environment of the programs that a channel runs, PATH included. */
  readonly environment: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
  /** Address of the page, for channels whose notifications can be clicked. */
  readonly page?: string;
}

export interface Channel {
  readonly kind: NotifyKind;
  /** Target for people: a program or a host; never a secret. */
  readonly to: string;
  /** What to do when a sent notification was not seen; null where that cannot happen. */
  readonly advice: string | null;
  /** Sends one notification; expected failures are results, and it ends soon after `signal` is aborted. */
  send(notification: Notification, options: SendOptions): Promise<SendResult>;
  /** Checks whether it could work, without sending anything. */
  check(): Promise<Readiness>;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  /** False allows one attempt only: somebody waits for the result. */
  readonly mayRetry: boolean;
}

/** Result of a check; `reason` and `cure` are for people, and null when the channel can work. */
export type Readiness =
  | { readonly ok: true; readonly reason: null; readonly cure: null }
  | { readonly ok: false; readonly reason: string; readonly cure: string };

export const READY: Readiness = { ok: true, reason: null, cure: null };

/** Opens a channel with its settings; it holds nothing open between two notifications. */
export type OpenChannel<Settings extends ChannelSettings> = (
  settings: Settings,
  parts: ChannelContext,
) => Channel;

/** Builds a failed result. */
export function failed(reason: NotifyFailure, detail: string): SendResult {
  return { result: 'failed', reason, detail };
}
