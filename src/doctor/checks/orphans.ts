// Checks for MCP servers outside the watchdog: copies that clients start, and orphans that nobody owns.
import { CLIENT_TARGETS } from '../../config/rewrite/client-target.ts';
import type { ClientUse } from '../../config/rewrite/find-uses.ts';
import { size } from '../../core/base/format.ts';
import type { ServerCopy } from '../../orphans/find-copies.ts';
import { type Check, type Finding, ok, warning } from '../check.ts';

export const orphans: Check = {
  id: 'orphans',
  title: 'Orphans',
  async run(context) {
    const found = await context.orphans();
    const certain = found.filter(({ isCertain }) => isCertain);
    const bytes = certain.reduce((sum, { residentBytes }) => sum + (residentBytes ?? 0), 0);
    if (certain.length > 0)
      return [
        warning(
          `${count(certain.length)} with ${size(bytes)} without an owner`,
          'mcp-watchdog orphans shows them, --reap ends them',
        ),
      ];
    if (found.length === 0) return [ok('none')];
    return [ok(`${count(found.length)} possibly intended: mcp-watchdog orphans shows them`)];
  },
};

function count(servers: number): string {
  return servers === 1 ? '1 MCP server' : `${servers} MCP servers`;
}

/** Clients whose copies of our servers leak and hang beside the ones that are kept alive. */
export const clients: Check = {
  id: 'clients',
  title: 'Clients',
  async run({ clientUses, copies }) {
    const uses = clientUses();
    const findings = [...ownCopies(uses), ...runningCopies(await copies())];
    if (findings.length > 0) return findings;
    const ours = new Set(uses.filter(({ kind }) => kind === 'ours').map(({ client }) => client));
    if (ours.size === 0) return [];
    return [
      ok(`${[...ours].map((client) => CLIENT_TARGETS[client].title).join(', ')} use the shared servers`),
    ];
  },
};

/** One finding for each client, and one cure. */
function ownCopies(uses: readonly ClientUse[]): Finding[] {
  const copies = uses.filter(({ kind, isOff }) => kind === 'copy' && !isOff);
  return [...new Set(copies.map(({ client }) => client))].map((client) => {
    const own = copies.filter((use) => use.client === client);
    const servers = [...new Set(own.map(({ server }) => server))].join(', ');
    const files = [...new Set(own.map(({ path }) => path))].join(', ');
    return warning(
      `${CLIENT_TARGETS[client].title} starts ${servers} itself (${files})`,
      `mcp-watchdog init --from ${client} --rewrite makes it use the shared ones`,
    );
  });
}

function runningCopies(copies: readonly ServerCopy[]): Finding[] {
  if (copies.length === 0) return [];
  const servers = [...new Set(copies.map(({ server }) => server))];
  const told = servers.map((server) => {
    const own = copies.filter((copy) => copy.server === server);
    const owners = [...new Set(own.flatMap(({ parent }) => parent?.program ?? []))].join(', ');
    return `${own.length} of ${server} (${own.map(({ pid }) => `pid ${pid}`).join(', ')}${owners === '' ? '' : `, started by ${owners}`})`;
  });
  return [
    warning(
      `copies run beside the shared servers: ${told.join('; ')}`,
      'point the program that starts them to the gateway: mcp-watchdog connect NAME --print all; then restart it',
    ),
  ];
}
