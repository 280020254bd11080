// A home with the files of MCP clients in it, and a project, both thrown away afterwards.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ClientMachine } from '../../../src/config/import/clients/client-format.ts';
import type { ImportResult } from '../../../src/config/import/import-clients.ts';
import { importClients } from '../../../src/config/import/import-clients.ts';
import type { LoadedConfig } from '../../../src/config/build/loaded-config.ts';
import { readConfig } from '../../../src/config/load.ts';

export interface Machine extends ClientMachine {
  readonly root: string;
  /** Path of the config to be. */
  readonly config: string;
  /** Writes a file below the root, folders included. */
  write(name: string, text: string | Buffer): string;
  /** Puts a fixture where a client has it; `@PROJECT@` in it becomes the project. */
  put(fixture: string, name: string): string;
  importing(...from: string[]): ImportResult;
}

export function machine(more: Partial<Pick<ClientMachine, 'platform' | 'environment'>> = {}): Machine {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'mcpw-clients-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const where: ClientMachine = {
    home: join(root, 'home'),
    folder: join(root, 'project'),
    platform: more.platform ?? 'linux',
    environment: more.environment ?? {},
  };
  mkdirSync(where.home);
  mkdirSync(where.folder);
  const config = join(root, 'watchdog', 'config.yaml');
  const write = (name: string, text: string | Buffer) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: 0o600 });
    return join(root, name);
  };
  return {
    ...where,
    root,
    config,
    write,
    put: (fixture, name) =>
      write(name, readFileSync(fixturePath(fixture), 'utf8').replaceAll('@PROJECT@', where.folder)),
    importing: (...from) => importClients(from, { where, config }),
  };
}

function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/clients/${name}`, import.meta.url));
}

/** What the text comes to when it is used. */
export function loaded({ text }: ImportResult, { config, environment }: Machine): LoadedConfig {
  return readConfig(text, { path: config, environment });
}

/** The servers that are started, by name, in the keys of the file. */
export function settingsOf({ servers }: ImportResult): Record<string, unknown> {
  return Object.fromEntries(
    servers.map(({ name, settings, enabled }) => [
      name,
      structuredClone({ ...settings, ...(enabled ? {} : { enabled }) }),
    ]),
  );
}
