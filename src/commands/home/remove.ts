// Command `remove NAME`: takes a server out of the config, whose other comments stay, and tells the daemon.
import { applyEdit, type ConfigEdit, planEdit } from '../../config/edit/edit-config.ts';
import { removeServer } from '../../config/edit/edit-servers.ts';
import { serverNames } from '../../config/import/existing-servers.ts';
import { unknownServer } from '../../core/base/unknown-server.ts';
import type { CommandContext } from '../shared/command.ts';
import { inTurn } from './config-turn.ts';
import { printEdited } from './edited-config.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags, io } = context;
  const [name = ''] = context.arguments;
  const write = (): ConfigEdit => {
    const edit = planEdit(paths.config, {
      environment: io.env,
      edit(text) {
        const known = serverNames(paths.config);
        if (known.size > 0 && !known.has(name)) throw unknownServer(name, [...known]);
        return removeServer(text, name);
      },
    });
    if (flags.dryRun !== true) applyEdit(paths.config, edit);
    return edit;
  };
  const edit = flags.dryRun === true ? write() : await inTurn(paths, write);
  const removed = removedLines(edit.before, edit.text);
  return await printEdited(context, {
    data: { server: name, removed },
    lines: [
      `${flags.dryRun === true ? 'Would remove' : 'Removed'} ${name} from ${paths.config}:`,
      ...removed.map((line) => `  ${line}`),
      'Its log and its installed versions stay until mcp-watchdog cleanup',
    ],
    warnings: [],
  });
}

/** Lists the lines between those that both texts begin and end with. */
function removedLines(before: string, after: string): readonly string[] {
  const [old, left] = [before.split(/\r?\n/u), after.split(/\r?\n/u)];
  const head = old.findIndex((line, index) => line !== left[index]);
  if (head === -1) return [];
  let tail = 0;
  while (tail < left.length - head && old.at(-1 - tail) === left.at(-1 - tail)) tail += 1;
  return old.slice(head, old.length - tail);
}
