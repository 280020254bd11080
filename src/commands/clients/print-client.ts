// Option `connect NAME --print CLIENT`: what to write into a client, or to run, so that it uses the server.
import { loadConfig } from '../../config/load.ts';
import { isClientName, NAMED_CLIENTS } from '../../config/import/clients/registry.ts';
import type { ClientName } from '../../config/import/clients/client-format.ts';
import { clientSnippet, type ClientSnippet } from '../../config/rewrite/client-snippet.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import type { CommandContext } from '../shared/command.ts';
import { printResult } from '../shared/output.ts';
import { processHost } from '../shared/service.ts';
import { gatewayAccess, type GatewayAccess } from './gateway-access.ts';

const ALL = 'all';

/** Prints the snippets of one client, or with `all` of every one. @throws WatchdogError USAGE, UNKNOWN_SERVER, CONFIG_… */
export function printClient(context: CommandContext, server: string, client: string): number {
  const { snippets, shimOnly } = snippetsOf(context, server, clientsNamed(client));
  const notes = shimOnly === null ? [] : ['', `Each client starts the shim: ${shimOnly}.`];
  const lines = snippets.flatMap((snippet, index) => [
    ...(index === 0 ? [] : ['']),
    ...snippetLines(snippet),
  ]);
  printResult(context, { server, snippets, shimOnly }, [...lines, ...notes]);
  return 0;
}

/** Snippets of a server, and why each client starts the shim; null where those that can use its URL. */
export interface ServerSnippets {
  readonly snippets: readonly ClientSnippet[];
  readonly shimOnly: string | null;
}

/** Returns the snippets of one server for all clients. @throws WatchdogError UNKNOWN_SERVER, CONFIG_… */
export function allSnippets(context: Pick<CommandContext, 'paths' | 'io'>, server: string): ServerSnippets {
  return snippetsOf(context, server, clientsNamed(ALL));
}

function snippetsOf(
  { paths, io }: Pick<CommandContext, 'paths' | 'io'>,
  server: string,
  clients: readonly ClientName[],
): ServerSnippets {
  const access = gatewayAccess(loadConfig(paths.config, io.env), { paths, host: processHost(io) });
  refuseUnknown(server, access, paths.config);
  const snippets = clients.map((each) => clientSnippet(each, access.addressOf(server)));
  return { snippets, shimOnly: access.shimOnly };
}

function clientsNamed(name: string): readonly ClientName[] {
  if (name === ALL) return [...NAMED_CLIENTS, 'portable'];
  if (name === 'other') return ['portable'];
  if (isClientName(name)) return [name];
  const known = [...NAMED_CLIENTS, 'other', ALL];
  const nearest = suggestSpelling(name, known);
  throw new WatchdogError('USAGE', `Cannot print a snippet: there is no client "${name}"`, {
    hint: nearest === null ? `It is one of ${known.join(', ')}` : `Did you mean ${nearest}?`,
  });
}

function refuseUnknown(name: string, { servers }: GatewayAccess, config: string): void {
  const known = servers.map((server) => server.name);
  if (known.includes(name)) return;
  const nearest = suggestSpelling(name, known);
  throw new WatchdogError('UNKNOWN_SERVER', `Cannot print a snippet: the gateway has no server "${name}"`, {
    hint:
      nearest === null ? `It has ${known.join(', ') || 'none'}; see ${config}` : `Did you mean ${nearest}?`,
  });
}

/** The lines of a snippet: first a sentence, then what is to be copied, never cut. */
function snippetLines({ title, command, file, text }: ClientSnippet): string[] {
  const pasted = text.split('\n').map((line) => `  ${line}`);
  if (command !== null) return [`${title}, run:`, `  ${command}`, `or in ${file}:`, ...pasted];
  return [`${title}, in ${file}:`, ...pasted];
}
