// A home to install into, an installer for it, and a view of what lies in it: shared by the tests of the installer.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import type { UnstampedEvent } from '../../src/core/model/events.ts';
import { createInstaller } from '../../src/packages/installer.ts';
import type { InstallerOptions, Prepared } from '../../src/packages/installer.ts';
import { specOf } from './spec.ts';

/** Of tests that never stop anything. */
export const WANTED = new AbortController().signal;

export function packageSpec(
  wish: string,
  changes: {
    name?: string;
    bin?: string;
    allowScripts?: boolean;
    ignoreEngines?: boolean;
    allowGit?: boolean;
  } = {},
): ServerSpec {
  const at = wish.indexOf('@', 1);
  const source = { package: wish.slice(0, at), version: wish.slice(at + 1), bin: changes.bin ?? null };
  const { update } = specOf();
  return specOf({
    name: changes.name ?? 'some',
    source: { kind: 'package', manager: 'npm', ...source },
    update: {
      ...update,
      allowScripts: changes.allowScripts ?? false,
      ignoreEngines: changes.ignoreEngines ?? false,
      allowGit: changes.allowGit ?? false,
    },
  });
}

export interface Home {
  readonly servers: string;
  /** Told by the installers of this home. */
  readonly lines: string[];
  readonly news: UnstampedEvent[];
  /** npm's environment as the user of this home has it; the cache is the home's own. */
  readonly environment: Record<string, string>;
  prepare(
    spec: ServerSpec,
    options?: Partial<InstallerOptions> & { signal?: AbortSignal },
  ): Promise<Prepared>;
  /** Names below `servers/<name>/versions`, hidden ones included. */
  versions(name?: string): string[];
  remove(): void;
}

/** @param registry its address; npm gets no second try and is told at once what went wrong */
export function createHome(registry: string): Home {
  const root = mkdtempSync(join(tmpdir(), 'install-'));
  const servers = join(root, 'servers');
  const lines: string[] = [];
  const news: UnstampedEvent[] = [];
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    npm_config_registry: registry,
    npm_config_cache: join(root, 'cache'),
    npm_config_fetch_retries: '0',
  };
  const own = {
    paths: { servers },
    bus: { publish: (event: UnstampedEvent) => void news.push(event) },
    onProgress: (server: string, line: string) => void lines.push(`${server}: ${line}`),
    environment,
  };
  return {
    servers,
    lines,
    news,
    environment,
    prepare: (spec, { signal = WANTED, ...options } = {}) =>
      createInstaller({ ...own, ...options }).prepare(spec, signal),
    versions: (name = 'some') => namesIn(join(servers, name, 'versions')),
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
