// Uses of the servers of a config in the files of all clients on this machine.
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { findAllUses, type ClientUse } from '../../config/rewrite/find-uses.ts';
import { clientMachine } from '../shared/client-machine.ts';
import type { CommandContext } from '../shared/command.ts';
import { processHost } from '../shared/service.ts';
import { gatewayAccess } from './gateway-access.ts';
import { useSearch } from './rewrite-clients.ts';

/** Lists the entries that are about a server which the gateway offers; files that cannot be read are left out. */
export function clientUsesOf(
  context: CommandContext,
  loaded: Pick<LoadedConfig, 'config' | 'servers'>,
): readonly ClientUse[] {
  const { paths, io } = context;
  const access = gatewayAccess(loaded, { paths, host: processHost(io) });
  return findAllUses(useSearch(context, access, clientMachine(io)));
}
