// Availability of the configured channels, checked without sending anything.
import type { NotifyKind } from '../core/model/vocabulary.ts';
import type { ChannelSettings } from '../core/model/notification.ts';
import type { ChannelContext } from './channels/channel.ts';
import { openChannel } from './channels/registry.ts';

export interface ChannelAvailability {
  readonly kind: NotifyKind;
  /** A program or a host, never a secret. */
  readonly to: string;
  readonly ok: boolean;
  /** Why it cannot work, and what to do about it; both null when it can. */
  readonly reason: string | null;
  readonly cure: string | null;
}

/** Checks all channels at once, in the order of `settings`; takes a few seconds at most. */
export function checkChannels(
  settings: readonly ChannelSettings[],
  parts: ChannelContext,
): Promise<readonly ChannelAvailability[]> {
  return Promise.all(
    settings.map(async (one) => {
      const channel = openChannel(one, parts);
      const { ok, reason, cure } = await channel.check();
      return { kind: channel.kind, to: channel.to, ok, reason, cure };
    }),
  );
}
