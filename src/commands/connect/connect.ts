// Command `connect NAME`: a stdio server for a client, which is the shared one behind the gateway; or what to write into a client.
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';

export async function run(context: CommandContext): Promise<number> {
  const [server] = context.arguments;
  if (server === undefined)
    throw new WatchdogError('USAGE', 'Cannot connect: the argument "name" is missing', {
      hint: 'For example mcp-watchdog connect files; mcp-watchdog status lists the servers',
    });
  const { print } = context.flags;
  if (typeof print === 'string') {
    const { printClient } = await import('../clients/print-client.ts');
    return printClient(context, server, print);
  }
  if (context.flags.json === true)
    throw new WatchdogError(
      'USAGE',
      'Cannot connect with --json: what it speaks is MCP, to the client that starts it',
      {
        hint: 'Leave --json out, or add --print CLIENT',
      },
    );
  const { processShimIo, runShim } = await import('./run-shim.ts');
  return await runShim({ home: context.paths.home, server }, processShimIo());
}
