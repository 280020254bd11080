// Command `init`: writes a first config, from an example or from what MCP clients start; never replaces one.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { exampleConfig } from '../../config/import/example-config.ts';
import type { ImportResult } from '../../config/import/import-clients.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { clientMachine } from '../shared/client-machine.ts';
import type { CommandContext } from '../shared/command.ts';
import { createFirstConfig } from '../shared/first-config.ts';
import { printJson, printLines, printResult, viewOptions } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags } = context;
  if (flags.undo === true) return await undoClients(context);
  checkRewrite(context);
  if (flags.from !== undefined)
    return flags.rewrite === true && existsSync(paths.config)
      ? await rewriteAfter(context, flags.from)
      : await importFrom(context, flags.from);
  const text = exampleConfig();
  if (flags.dryRun === true) {
    printResult(context, { written: null, text }, text.trimEnd().split('\n'));
    return 0;
  }
  if (!createFirstConfig(paths)) throw alreadyThere(paths.config);
  const lines = [`Wrote ${paths.config}`, 'Edit it, then: mcp-watchdog start'];
  printResult(context, { written: paths.config, text }, lines);
  return 0;
}

/** @throws WatchdogError USAGE for `--rewrite` without a client, or where nobody can be asked */
export function checkRewrite({ flags }: Pick<CommandContext, 'flags'>): void {
  if (flags.rewrite !== true) return;
  if (flags.from === undefined)
    throw new WatchdogError('USAGE', 'Cannot change the file of a client: --from does not say which client', {
      hint: 'For example --from cursor --rewrite',
    });
  if (flags.json === true && flags.yes !== true && flags.dryRun !== true)
    throw new WatchdogError('USAGE', 'Cannot ask whether to change the files of clients: --json is given', {
      hint: 'Give --yes to change them, or --dry-run to only look',
    });
}

/** Takes back what `--rewrite` has changed. @returns 1 when something was left as it is */
export async function undoClients(context: CommandContext): Promise<number> {
  const { undoRewrite } = await import('../clients/rewrite-clients.ts');
  const outcome = await undoRewrite(context, context.flags.from);
  if (context.flags.json === true) printJson(context, outcome);
  return outcome.left.length > 0 ? 1 : 0;
}

async function rewriteAfter(context: CommandContext, from: readonly string[]): Promise<number> {
  const { rewriteClients } = await import('../clients/rewrite-clients.ts');
  const outcome = await rewriteClients(context, from);
  if (context.flags.json === true) printJson(context, outcome);
  return outcome.left.length > 0 ? 1 : 0;
}

/** Result of `init --from`. */
export interface ConfigImport {
  readonly found: ImportResult;
  /** False when a config existed already, or nothing was worth writing. */
  readonly isWritten: boolean;
}

/**
 * Reads what clients start and writes it as the first config, unless there is one or `dryRun` is set.
 *
 * @param from names of clients, or paths of their files, which are only read
 * @throws WatchdogError USAGE, CONFIG_UNREADABLE, HOME_UNUSABLE; nothing is written then
 */
export async function importFirstConfig(
  { paths, flags, io }: CommandContext,
  from: readonly string[],
): Promise<ConfigImport> {
  // Loaded late: no other command needs the parsers.
  const { importClients } = await import('../../config/import/import-clients.ts');
  const taken = await namesIn(paths.config);
  const found = importClients(from, {
    where: clientMachine(io),
    config: paths.config,
    taken: taken ?? new Set(),
  });
  const isNew = taken === null && flags.dryRun !== true;
  return { found, isWritten: isNew && isWorthWriting(found) && createFirstConfig(paths, found.text) };
}

async function importFrom(context: CommandContext, from: readonly string[]): Promise<number> {
  const imported = await importFirstConfig(context, from);
  const { importJson, importReport } = await import('./import-report.ts');
  const view = {
    ...viewOptions(context),
    config: context.paths.config,
    home: context.io.env['HOME'] ?? homedir(),
  };
  const { found, isWritten } = imported;
  // With --rewrite the one answer is about the clients.
  const isLast = context.flags.rewrite !== true || !isWritten;
  if (context.flags.json === true) {
    if (isLast) printJson(context, importJson(found, { ...view, isWritten }));
  } else if (isWritten) printLines(context, importReport(found, { ...view, isWritten }));
  else await showOnly(context, found, importReport(found, { ...view, isWritten }));
  const isRewriting = context.flags.rewrite === true && isWritten;
  const rewritten = isRewriting ? await rewriteAfter(context, from) : 0;
  return found.conflicts.length > 0 ? 1 : rewritten;
}

/**
 * Prints what would be written to standard output, secrets masked wherever that leads, and the report to standard error: a
 * pipe often ends in a log, a paste or a chat.
 */
async function showOnly(
  { io, paths }: CommandContext,
  found: ImportResult,
  report: readonly string[],
): Promise<void> {
  const { importedConfig, importedServers } = await import('../../config/import/write-yaml.ts');
  const { maskSections } = await import('../../config/import/mask-import.ts');
  const parts = maskSections(found);
  const text = existsSync(paths.config) ? `${importedServers(parts).join('\n')}\n` : importedConfig(parts);
  if (isWorthWriting(found)) io.out.write(text);
  for (const line of report) io.err.write(`${line}\n`);
}

function isWorthWriting({ servers, waiting, conflicts }: ImportResult): boolean {
  return servers.length + waiting.length + conflicts.length > 0;
}

/** Reads the server names of an existing config; null when there is none. */
async function namesIn(path: string): Promise<ReadonlySet<string> | null> {
  if (!existsSync(path)) return null;
  const { serverNames } = await import('../../config/import/existing-servers.ts');
  return serverNames(path);
}

function alreadyThere(path: string): WatchdogError {
  return new WatchdogError('USAGE', `Cannot write a first config: there is one already, ${path}`, {
    hint: 'See it with mcp-watchdog config show; move it away to start over',
  });
}
