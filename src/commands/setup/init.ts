// Command `init`: writes a first config, from an example or from what MCP clients start; never replaces one.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { exampleConfig } from '../../config/import/example-config.ts';
import type { ImportResult, ClientMachine } from '../../config/import/import-clients.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';
import { createFirstConfig } from '../shared/first-config.ts';
import { printJson, printLines, printResult, viewOptions } from '../shared/output.ts';
import { platform } from '../../system/platform.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags } = context;
  if (flags.from !== undefined) return await importFrom(context, flags.from);
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
  const where: ClientMachine = {
    home: io.env['HOME'] ?? homedir(),
    folder: process.cwd(),
    platform,
    environment: io.env,
  };
  const found = importClients(from, { where, config: paths.config, taken: taken ?? new Set() });
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
  if (context.flags.json === true) printJson(context, importJson(found, { ...view, isWritten }));
  else if (isWritten) printLines(context, importReport(found, { ...view, isWritten }));
  else await showOnly(context, found, importReport(found, { ...view, isWritten }));
  return found.conflicts.length > 0 ? 1 : 0;
}

/** Prints what would be written to standard output, so that it can be kept, and the report to standard error. */
async function showOnly(
  { io, paths }: CommandContext,
  found: ImportResult,
  report: readonly string[],
): Promise<void> {
  const { importedConfig, importedServers } = await import('../../config/import/write-yaml.ts');
  const { maskSections } = await import('../../config/import/mask-import.ts');
  // Masked on a terminal; complete in a file or pipe.
  const parts = io.out.isTTY === true ? maskSections(found) : found;
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
