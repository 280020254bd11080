// Lines for people who set up their clients: the address of each server, and what each client is told for the first one.
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { NAMED_CLIENTS } from '../../config/import/clients/registry.ts';
import type { ServerAddress } from '../../config/rewrite/client-target.ts';
import { clientSnippet } from '../../config/rewrite/client-snippet.ts';
import type { DaemonStatus } from '../../core/model/status.ts';
import type { CommandContext } from '../shared/command.ts';
import { processHost } from '../shared/service.ts';
import { gatewayAccess, type GatewayAccess } from './gateway-access.ts';

/**
 * Writes the lines for the servers of a config; none when clients can reach none of them.
 *
 * @param daemon what it says of itself
 */
export function clientLinesOf(
  { paths, io }: Pick<CommandContext, 'paths' | 'io'>,
  loaded: Pick<LoadedConfig, 'config' | 'servers'>,
  { gateway }: Pick<DaemonStatus, 'gateway'>,
): string[] {
  return clientLines(gatewayAccess(loaded, { paths, host: processHost(io), url: gateway?.url }));
}

/** Writes the lines; they are never cut, because they are copied. */
export function clientLines({ servers, addressOf, shimOnly }: GatewayAccess): string[] {
  const addresses = servers.map(({ name }) => addressOf(name));
  const [first] = addresses;
  if (first === undefined) return [];
  const others = addresses.length > 1 ? '; for another: mcp-watchdog connect NAME --print all' : '';
  return [
    ...addressLines(addresses, shimOnly),
    `In your client, for ${first.name}${others}`,
    ...NAMED_CLIENTS.flatMap((client) => snippetLines(client, first)),
  ];
}

function addressLines(addresses: readonly ServerAddress[], shimOnly: string | null): string[] {
  if (shimOnly !== null) return [`Clients start mcp-watchdog connect NAME: ${shimOnly}`];
  const width = Math.max(...addresses.map(({ name }) => name.length));
  return [
    'Clients reach the servers at',
    ...addresses.map(({ name, url }) => `  ${name.padEnd(width)}  ${url ?? ''}`),
  ];
}

const LONGEST = 'Claude Desktop'.length;

function snippetLines(client: (typeof NAMED_CLIENTS)[number], address: ServerAddress): string[] {
  const { title, command, file, text } = clientSnippet(client, address);
  const [start = '', ...more] = command === null ? text.split('\n') : [command];
  const head = command === null ? `${file}: ` : '';
  const margin = ' '.repeat(LONGEST + 4 + head.length);
  return [`  ${title.padEnd(LONGEST)}  ${head}${start}`, ...more.map((line) => `${margin}${line}`)];
}
