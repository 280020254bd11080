// Check of the notification channels.
import { type Check, ok, unknown, warning } from '../check.ts';

export const notifications: Check = {
  id: 'notifications',
  title: 'Notifications',
  async run(context) {
    if (context.config.kind === 'invalid') return [unknown('the config is invalid')];
    const channels = await context.channels();
    if (channels.length === 0) return [ok('no channels are configured')];
    const answer = await context.daemon();
    const failing = answer.kind === 'running' ? answer.status.daemon.deafChannels : {};
    return channels.map(({ kind, to, ok: isReady, reason, cure }) => {
      const last = failing[kind];
      if (!isReady) return warning(`${kind}: ${reason ?? 'it cannot work'}`, cure);
      if (last !== undefined)
        return warning(`${kind}: the last notification failed: ${last}`, 'mcp-watchdog notify test');
      return ok(`${kind} through ${to}; mcp-watchdog notify test sends one`);
    });
  },
};
