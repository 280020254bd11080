// `completion <shell>`: the script that completes this command line; `--servers` is what the script asks for.
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

/** @param commands every command there is: what the script completes */
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
  // The parser has let only these through.
  context.io.out.write(SHELLS[shell]?.(modelOf(commands, NAMED_CLIENTS)) ?? '');
  return 0;
}

/** ms: somebody has pressed a key and waits. */
const PATIENCE = 150;

/** Those of the daemon, or else of the config, or else none: a completion never complains and never waits for long. */
async function findServers({ paths, io }: CommandContext): Promise<string[]> {
  return await new Promise((resolve) => {
    const readAnyway = (): void => void namesInConfig(paths).then(resolve, () => resolve([]));
    const cancel = io.clock.after(PATIENCE, readAnyway);
    namesOfDaemon(paths).then(resolve, readAnyway).finally(cancel);
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
