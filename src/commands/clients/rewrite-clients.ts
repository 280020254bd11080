// Options `--rewrite` and `--undo` of init and deploy: clients' files are changed to use our servers, and changed back.
import { loadConfig } from '../../config/load.ts';
import type { ClientMachine, ClientName } from '../../config/import/clients/client-format.ts';
import { isClientName } from '../../config/import/clients/registry.ts';
import { clientFiles } from '../../config/import/import-clients.ts';
import { findUses, type UseSearch } from '../../config/rewrite/find-uses.ts';
import {
  applyRewrite,
  applyUndo,
  forgetRecords,
  planRewrite,
  planUndo,
  type FileChange,
  type LeftAlone,
} from '../../config/rewrite/rewrite.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { clientMachine } from '../shared/client-machine.ts';
import type { CommandContext } from '../shared/command.ts';
import { printLines } from '../shared/output.ts';
import { processHost } from '../shared/service.ts';
import { gatewayAccess, type GatewayAccess } from './gateway-access.ts';
import { changeLines, leftLines, summaryLine } from './rewrite-report.ts';
import { confirm } from './confirm.ts';

/** What was done, for `--json`. */
export interface RewriteOutcome {
  /** False when it was only shown, or refused at the question. */
  readonly isWritten: boolean;
  readonly changed: readonly ChangedEntry[];
  readonly left: readonly LeftAlone[];
}

interface ChangedEntry {
  readonly client: string;
  readonly path: string;
  readonly name: string;
  readonly server: string;
}

export function useSearch(
  { paths }: Pick<CommandContext, 'paths'>,
  { servers, origin }: Pick<GatewayAccess, 'servers' | 'origin'>,
  where: ClientMachine,
): UseSearch {
  return { where, servers, origin, config: paths.config };
}

/**
 * Shows what would change in the clients' files, asks on a terminal, and changes them.
 *
 * @param from names of clients, or paths of their files
 * @throws WatchdogError USAGE without `--yes` where nobody can be asked; CONFIG_…, BACKUP_FAILED
 */
export async function rewriteClients(
  context: CommandContext,
  from: readonly string[],
): Promise<RewriteOutcome> {
  const { paths, io } = context;
  const host = processHost(io);
  const where = clientMachine(io);
  const access = gatewayAccess(loadConfig(paths.config, io.env), { paths, host });
  const search = useSearch(context, access, where);
  const uses = clientFiles(from, where).flatMap((place) => findUses(place, search));
  const plan = planRewrite(uses, access.addressOf);
  show(context, [...changeLines(plan.files, where), ...leftLines(plan.left, where)]);
  if (plan.files.length === 0) {
    const ours = uses.filter(({ kind }) => kind === 'ours').length;
    show(context, [ours > 0 ? `Nothing to change: ${ours} already use the watchdog.` : 'Nothing to change.']);
    return { isWritten: false, changed: [], left: plan.left };
  }
  if (!(await isWanted(context, 'Change these files?'))) return refused(context, plan.left);
  const options = { backups: paths.backups, now: io.clock.now() };
  const done = plan.files.map((file) => applyRewrite(file, options));
  const files = done.flatMap((each) => each.files);
  const late = done.flatMap(({ left }) => left);
  show(context, [
    ...leftLines(late, where),
    summaryLine('Changed', files),
    'Restart these clients, or let them read their file again. The way back: mcp-watchdog init --undo',
    ...(access.origin === null || access.shimOnly !== null
      ? []
      : ['The watchdog must run for them: mcp-watchdog start']),
  ]);
  return { isWritten: files.length > 0, changed: entriesOf(files), left: [...plan.left, ...late] };
}

/**
 * Takes back what `--rewrite` changed: only entries that still are as it wrote them.
 *
 * @param from clients to take it back in; all when left out
 * @throws as `rewriteClients`
 */
export async function undoRewrite(
  context: CommandContext,
  from: readonly string[] | undefined,
): Promise<RewriteOutcome> {
  const { paths, io } = context;
  const where = clientMachine(io);
  const plan = planUndo(paths, from === undefined ? undefined : from.map(clientNamed));
  show(context, [...changeLines(plan.files, where, 'undo'), ...leftLines(plan.left, where)]);
  if (plan.files.length === 0) {
    show(context, ['Nothing to take back.']);
    if (context.flags.dryRun !== true) forgetRecords(plan.records);
    return { isWritten: false, changed: [], left: plan.left };
  }
  if (!(await isWanted(context, 'Change these files back?'))) return refused(context, plan.left);
  plan.files.forEach(applyUndo);
  forgetRecords(plan.records);
  show(context, [summaryLine('Changed back', plan.files)]);
  return { isWritten: true, changed: entriesOf(plan.files), left: plan.left };
}

function clientNamed(name: string): ClientName {
  if (isClientName(name)) return name;
  throw new WatchdogError('USAGE', `Cannot take back what was changed in "${name}": it is no client`, {
    hint: 'Name a client, or leave --from out for all of them',
  });
}

async function isWanted(context: CommandContext, question: string): Promise<boolean> {
  const { flags, io } = context;
  if (flags.dryRun === true) return false;
  if (flags.yes === true) return true;
  const answer = flags.json === true ? null : await confirm(io, question);
  if (answer !== null) return answer;
  throw new WatchdogError(
    'USAGE',
    'Cannot ask whether to change the files of clients: there is no terminal',
    {
      hint: 'Nothing was changed; give --yes to change them, or --dry-run to only look',
    },
  );
}

function refused(context: CommandContext, left: readonly LeftAlone[]): RewriteOutcome {
  show(context, ['Nothing was changed.']);
  return { isWritten: false, changed: [], left };
}

function entriesOf(files: readonly FileChange[]): ChangedEntry[] {
  return files.flatMap(({ client, path, entries }) =>
    entries.map(({ name, server }) => ({ client, path, name, server })),
  );
}

function show(context: CommandContext, lines: readonly string[]): void {
  if (context.flags.json !== true && lines.length > 0) printLines(context, lines);
}
