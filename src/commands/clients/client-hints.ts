// Hints of `status`: clients whose files say that they start a server themselves.
import { existsSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { clientMachine } from '../shared/client-machine.ts';
import type { CommandContext } from '../shared/command.ts';

/** Writes one line for each such client. @param server only about this one; null for all */
export async function clientHints(context: CommandContext, server: string | null): Promise<string[]> {
  const { clientPlaces } = await import('../../config/rewrite/find-uses.ts');
  if (!clientPlaces(clientMachine(context.io)).some(({ path }) => existsSync(path))) return [];
  try {
    const { loadConfig } = await import('../../config/load.ts');
    const { clientUsesOf } = await import('./client-uses.ts');
    const { CLIENT_TARGETS } = await import('../../config/rewrite/client-target.ts');
    const uses = clientUsesOf(context, loadConfig(context.paths.config, context.io.env)).filter(
      ({ kind, isOff, server: name }) => kind === 'copy' && !isOff && (server === null || name === server),
    );
    return [...new Set(uses.map(({ client }) => client))].map((client) => {
      const servers = new Set(uses.filter((use) => use.client === client).map((use) => use.server));
      const shared = servers.size === 1 ? 'the shared one' : 'the shared ones';
      return `${CLIENT_TARGETS[client].title} starts ${[...servers].join(', ')} itself: mcp-watchdog init --from ${client} --rewrite makes it use ${shared}`;
    });
  } catch (error) {
    // A config that cannot be used is told elsewhere.
    if (error instanceof WatchdogError) return [];
    throw error;
  }
}
