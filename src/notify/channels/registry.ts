// Table of all channel kinds: a new kind is one file and one line here.
import type { NotifyKind } from '../../core/model/vocabulary.ts';
import type { ChannelSettings } from '../../core/model/notification.ts';
import { openCommand } from './command.ts';
import { openDesktop } from './desktop.ts';
import type { Channel, ChannelContext, OpenChannel } from './channel.ts';
import { openWebhook } from './webhook.ts';

const KINDS: { readonly [Kind in NotifyKind]: OpenChannel<ChannelSettings<Kind>> } = {
  desktop: openDesktop,
  webhook: openWebhook,
  command: openCommand,
};

/** Opens the channel of these settings. */
export function openChannel<Kind extends NotifyKind>(
  settings: ChannelSettings<Kind>,
  context: ChannelContext,
): Channel {
  return KINDS[settings.kind](settings, context);
}
