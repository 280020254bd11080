// Whether whoever should be told of trouble can be told.
import { type Check, ok, unknown, warning } from '../check.ts';

export const notifications: Check = {
  id: 'notifications',
  title: 'Notifications',
  async run(context) {
    if (context.config.kind === 'invalid') return [unknown('there is no config that can be used')];
    const channels = await context.channels();
    if (channels.length === 0) return [ok('nobody is to be told')];
    const answer = await context.daemon();
    const deaf = answer.kind === 'running' ? answer.status.daemon.deafChannels : {};
    return channels.map(({ kind, to, ok: isReady, reason, cure }) => {
      const last = deaf[kind];
      if (!isReady) return warning(`${kind}: ${reason ?? 'it cannot work'}`, cure);
      if (last !== undefined)
        return warning(`${kind}: the last one failed: ${last}`, 'mcp-watchdog notify test');
      return ok(`${kind} through ${to}; mcp-watchdog notify test sends one`);
    });
  },
};
