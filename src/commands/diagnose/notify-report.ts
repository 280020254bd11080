// Report of a test notification: the outcome of each channel, with advice.
import type { ChannelReport } from '../../core/model/notification.ts';
import { neutralise } from '../../core/base/text.ts';
import { paint } from '../views/style.ts';

export interface NotifyReportOptions {
  /** Sender: the daemon, or this command itself because no daemon runs. */
  readonly through: 'daemon' | 'here';
  readonly colour: boolean;
}

export function notifyReport(
  channels: readonly ChannelReport[],
  { through, colour }: NotifyReportOptions,
): string[] {
  if (channels.length === 0) return ['No channel is configured: add one under alerts.notify'];
  const note =
    through === 'here' ? ['No daemon runs: sent by this command, from the session of this terminal'] : [];
  return [...note, ...channels.flatMap((channel) => linesOf(channel, colour))];
}

function linesOf({ kind, to, outcome, advice }: ChannelReport, colour: boolean): string[] {
  const name = `${kind} (${neutralise(to)})`;
  const line =
    outcome.result === 'sent'
      ? paint(`${name}: ${neutralise(outcome.detail)}`, 'green', colour)
      : paint(`${name}: not sent, ${outcome.reason}: ${neutralise(outcome.detail)}`, 'red', colour);
  return advice === null ? [line] : [line, `  ${neutralise(advice)}`];
}
