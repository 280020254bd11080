// Command `completion <shell>`: prints the completion script; `--servers` prints the server names that the script asks for.
import { connect } from '../../control/client.ts';
import type { Paths } from '../../system/files/paths.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { type CommandModel, modelOf } from './model.ts';
import { zshCompletion } from './zsh.ts';
import type { CommandContext, CommandSpec } from '../shared/command.ts';
import { printLines } from '../shared/output.ts';

const SHELLS: Readonly<Record<string, (commands: readonly CommandModel[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * Prints the script of one shell, or the server names.
 *
 * @param commands every command, because the script completes them all
 */
export async function printCompletion(
  context: CommandContext,
  commands: readonly CommandSpec[],
): Promise<number> {
  if (context.flags.servers === true) {
    printLines(context, await findServers(context));
    return 0;
  }
  const [shell = ''] = context.arguments;
  const { NAMED_CLIENTS } = await import('../../config/import/clients/registry.ts');
  // The parser accepts no other shell.
  context.io.out.write(SHELLS[shell]?.(modelOf(commands, NAMED_CLIENTS)) ?? '');
  return 0;
}

/** ms. Short: somebody pressed Tab and waits. */
const DAEMON_TIMEOUT = 150;

/** Reads the names from the daemon, else from the config, else none. Never throws and never waits long: it runs at a key press. */
async function findServers({ paths, io }: CommandContext): Promise<string[]> {
  return await new Promise((resolve) => {
    const readConfigInstead = (): void => void namesInConfig(paths).then(resolve, () => resolve([]));
    const cancel = io.clock.after(DAEMON_TIMEOUT, readConfigInstead);
    namesOfDaemon(paths).then(resolve, readConfigInstead).finally(cancel);
  });
}

async function namesOfDaemon({ socket }: Paths): Promise<string[]> {
  const daemon = await connect(socket);
  const { servers } = await daemon.request('status', {}).finally(() => daemon.close());
  return servers.map(({ name }) => name);
}

async function namesInConfig({ config }: Paths): Promise<string[]> {
  const { serverNames } = await import('../../config/import/existing-servers.ts');
  return [...serverNames(config)];
}
