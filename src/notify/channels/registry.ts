// Table of all channel kinds: a new kind is one file and one line here.
import type { NotifyKind } from '../../core/model/vocabulary.ts';
import type { ChannelSettings } from '../../core/model/notification.ts';
import { openCommand } from './command.ts';
import { openDesktop } from './desktop.ts';
import type { Channel, ChannelContext, OpenChannel } from './channel.ts';
import { openWebhook } from './webhook.ts';

const KINDS = {
  desktop: openDesktop,
  webhook: openWebhook,
  command: openCommand,
} as const satisfies { readonly [Kind in NotifyKind]: OpenChannel<Extract<ChannelSettings, { kind: Kind }>> };

/** Opens the channel of these settings. */
export function openChannel(settings: ChannelSettings, parts: ChannelContext): Channel {
  switch (settings.kind) {
    case 'desktop':
      return KINDS.desktop(settings, parts);
    case 'webhook':
      return KINDS.webhook(settings, parts);
    case 'command':
      return KINDS.command(settings, parts);
    default:
      return settings satisfies never;
  }
}
