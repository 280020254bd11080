// Access of clients to the servers of a config: the URL of the gateway, or the shim.
import { join } from 'node:path';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import type { ServerAddress } from '../../config/rewrite/client-target.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { chooseNode, lastingProgram } from '../../service/plan/node-path.ts';
import type { Machine } from '../../service/shared/machine.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { Host } from '../shared/service.ts';

export interface GatewayAccess {
  /** Servers that the gateway offers. */
  readonly servers: readonly ServerSpec[];
  /** `http://127.0.0.1:9639`; null without a TCP listener, or with one whose port is known only to the daemon. */
  readonly origin: string | null;
  /** Why clients must start the shim, for people; null when they may use the URL. */
  readonly shimOnly: string | null;
  readonly addressOf: (server: string) => ServerAddress;
}

interface AccessOptions {
  readonly paths: Paths;
  readonly host: Host;
  /** Where the running daemon listens, null for nowhere; left out when that is not known. */
  readonly url?: string | null | undefined;
}

export function gatewayAccess(
  { config, servers }: Pick<LoadedConfig, 'config' | 'servers'>,
  { paths, host, url }: AccessOptions,
): GatewayAccess {
  const { listen, socket, tokenFile } = config.gateway;
  const planned = listen === null || listen.port === 0 ? null : originOf(listen);
  const known = url === undefined ? planned : url;
  const shimOnly =
    tokenFile !== null
      ? 'the gateway wants a token, which no client needs to know'
      : known === null
        ? planned === null
          ? 'the gateway has no fixed port'
          : 'the gateway cannot open its port'
        : null;
  return {
    // With neither port nor socket there is no gateway.
    servers: listen === null && !socket ? [] : offeredServers(servers),
    origin: known,
    shimOnly,
    addressOf: (server) => ({
      name: server,
      url: shimOnly === null && known !== null ? serverUrl(known, server) : null,
      command: shimCommand(server, { paths, host }),
    }),
  };
}

/** Leaves out what clients cannot reach through the gateway. */
export function offeredServers(servers: readonly ServerSpec[]): readonly ServerSpec[] {
  return servers.filter(({ enabled, gateway }) => enabled && gateway.mode !== 'off');
}

function serverUrl(origin: string, server: string): string {
  return `${origin}/${server}/mcp`;
}

function originOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Argv of the shim, absolute: a client with a window has another PATH than a terminal, and may outlive this version of
 * node.
 */
function shimCommand(
  server: string,
  { paths, host }: { readonly paths: Pick<Paths, 'home'>; readonly host: Host },
): readonly [string, ...string[]] {
  const { node, machine, userHome, program } = host;
  const { path } = chooseNode(node, host, machine);
  const home = paths.home === join(userHome, '.mcp-watchdog') ? [] : ['--home', paths.home];
  return [path, lastingProgram(bridgeOf(program, machine), machine), ...home, 'connect', server];
}

/** The file that the installed command names: a bridge in it needs less memory and starts sooner. Missing in a build of an earlier release. */
function bridgeOf(program: string, { realpath }: Pick<Machine, 'realpath'>): string {
  const command = program.replace(/\.js$/u, '.cjs');
  return realpath(command) === null ? program : command;
}
