// Command `approve NAME`: shows what a server says of its tools otherwise than before, and approves it.
import { neutralise, truncate } from '../../core/base/text.ts';
import type { ShownChange } from '../../core/gateway/tool-definitions.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from '../shared/command.ts';
import { printResult, printLines, say, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';
import { paint } from '../views/style.ts';

export function run(context: CommandContext): Promise<number> {
  const [name = ''] = context.arguments;
  const { flags } = context;
  return withDaemon(context, async (daemon) => {
    // First, so that a wrong name gets a suggestion.
    pickServer(await daemon.request('status', {}), name);
    const changes = await daemon.request('approve', { name, dryRun: true });
    if (changes.length === 0) {
      printResult(context, { server: name, approved: false, changes }, [
        `Nothing to approve: "${name}" has said nothing new of its tools`,
      ]);
      return 0;
    }
    say(context, changeLines(changes, viewOptions(context).colour));
    const isApproved = flags.dryRun !== true && (flags.yes === true || (await asks(context)));
    if (isApproved) await daemon.request('approve', { name });
    const said = isApproved ? `Approved. "${name}" is trusted again` : 'Nothing was approved';
    if (flags.json === true) printResult(context, { server: name, approved: isApproved, changes }, []);
    else printLines(context, [said]);
    return isApproved || flags.dryRun === true ? 0 : 1;
  });
}

async function asks({ io, flags }: CommandContext): Promise<boolean> {
  const answer = flags.json === true ? null : confirm(io, 'Approve this?');
  if (answer !== null) return await answer;
  throw new WatchdogError('USAGE', 'Cannot ask whether to approve: this is no terminal', {
    hint: 'Add --yes to approve, or --dry-run to look only',
  });
}

/** Characters of one text. */
const MAX_SHOWN = 2_000;

function changeLines(changes: readonly ShownChange[], colour: boolean): string[] {
  return changes.flatMap(({ tool, part, before, after }) => [
    paint(tool === null ? 'instructions' : `${neutralise(tool)}: ${part}`, 'bold', colour),
    ...(before === null ? [] : [paint(`  - ${shown(before)}`, 'red', colour)]),
    ...(after === null ? [] : [paint(`  + ${shown(after)}`, 'green', colour)]),
    '',
  ]);
}

function shown(text: string): string {
  return truncate(neutralise(text), MAX_SHOWN);
}
