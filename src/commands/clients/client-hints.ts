// Hints of `status`: clients whose files say that they start a server themselves.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_PLACES } from '../../config/import/clients/places.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { isObject, parseJson } from '../../core/base/guards.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { clientMachine } from '../shared/client-machine.ts';
import type { CommandContext } from '../shared/command.ts';
import { readVersion } from '../shared/own-package.ts';

/**
 * Writes one line for each such client. To find them takes the readers of configs and of clients' files, four times the
 * rest of `status`; so what was found is kept until the config, one of those files or the environment is another.
 *
 * @param server only about this one; null for all
 */
export async function clientHints(
  context: CommandContext,
  server: string | null,
): Promise<readonly string[]> {
  const machine = clientMachine(context.io);
  const files = Object.values(CLIENT_PLACES)
    .flatMap((places) => places(machine).map(({ path }) => fingerprint(path)))
    .filter((print) => print !== null);
  if (files.length === 0) return [];
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { paths, io } = context;
  const seen = [
    readVersion(),
    server,
    machine.folder,
    fingerprint(paths.config),
    files,
    Object.entries(io.env),
  ];
  const key = createHash('sha256').update(JSON.stringify(seen)).digest('hex');
  const path = join(paths.run, 'client-hints.json');
  const kept = readKept(path);
  const known = kept.find((one) => one.key === key);
  if (known !== undefined) return known.hints;
  const hints = await findHints(context, server);
  if (hints === null) return [];
  await keep(path, [{ key, hints }, ...kept].slice(0, MAX_KEPT));
  return hints;
}

/** Terminals, folders and servers that a person asks from in turns. */
const MAX_KEPT = 16;

/** Null when there is no such file, or none that we may look at. */
function fingerprint(path: string): string | null {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return [path, ino, size, mtimeNs].join(' ');
  } catch {
    return null;
  }
}

interface Kept {
  readonly key: string;
  readonly hints: readonly string[];
}

function readKept(path: string): readonly Kept[] {
  const kept = parseJson(readFileOrNull(path) ?? '[]');
  return Array.isArray(kept) ? kept.filter(isKept) : [];
}

function isKept(value: unknown): value is Kept {
  if (!isObject(value)) return false;
  const { key, hints } = value;
  return typeof key === 'string' && Array.isArray(hints) && hints.every((hint) => typeof hint === 'string');
}

async function keep(path: string, kept: readonly Kept[]): Promise<void> {
  const { writeFileAtomic } = await import('../../system/files/write-file-atomic.ts');
  try {
    writeFileAtomic(path, JSON.stringify(kept), { durable: false });
  } catch {
    // A home that takes no writes: found again next time.
  }
}

/** Null when the config cannot be used now, which is told elsewhere. */
async function findHints(context: CommandContext, server: string | null): Promise<readonly string[] | null> {
  try {
    const { loadConfig } = await import('../../config/load.ts');
    const { clientUsesOf } = await import('./client-uses.ts');
    const { CLIENT_TARGETS } = await import('../../config/rewrite/client-target.ts');
    const uses = clientUsesOf(context, loadConfig(context.paths.config, context.io.env)).filter(
      ({ kind, isOff, server: name }) => kind === 'copy' && !isOff && (server === null || name === server),
    );
    return [...new Set(uses.map(({ client }) => client))].map((client) => {
      const servers = new Set(uses.filter((use) => use.client === client).map((use) => use.server));
      const shared = servers.size === 1 ? 'the shared one' : 'the shared ones';
      return `${CLIENT_TARGETS[client].title} starts ${[...servers].join(', ')} itself: mcp-watchdog init --from ${client} --rewrite makes it use ${shared}`;
    });
  } catch (error) {
    if (error instanceof WatchdogError) return null;
    throw error;
  }
}
