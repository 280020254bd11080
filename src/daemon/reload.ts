// What a changed config does to a running daemon: only what changed is touched, and a bad file changes nothing.
import { diffServers } from '../config/diff.ts';
import { loadConfigIsolated } from '../config/isolated.ts';
import type { LoadedConfig } from '../config/loaded.ts';
import type { ServerSpec } from '../core/server.ts';
import type { Redactor } from '../core/text.ts';
import { messageOf } from '../core/unknown.ts';
import type { Changes, Supervisor } from '../supervisor/supervisor.ts';
import type { Bus } from '../system/bus.ts';
import type { Logger } from '../system/log.ts';
import type { StateKeeper } from './keep-state.ts';

export interface Reloader {
  /** One at a time; resolves to the reason when the file was refused, else null. */
  reload(): Promise<string | null>;
}

export interface ReloaderParts {
  readonly config: LoadedConfig;
  readonly bus: Bus;
  readonly log: Logger;
  readonly redactor: Redactor;
  readonly supervisor: Supervisor;
  readonly keeper: StateKeeper;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function createReloader(parts: ReloaderParts): Reloader {
  const { bus, log, supervisor } = parts;
  let current = parts.config;
  let last: Promise<unknown> = Promise.resolve();

  async function reload(): Promise<string | null> {
    const { path } = current;
    try {
      const next = await loadConfigIsolated(path, parts.environment);
      parts.redactor.learn(next.secrets);
      await take(next);
      bus.publish({ kind: 'config-loaded', path, ok: true, error: null });
      return null;
    } catch (error) {
      const reason = messageOf(error);
      bus.publish({ kind: 'config-loaded', path, ok: false, error: reason });
      return reason;
    }
  }

  async function take(next: LoadedConfig): Promise<void> {
    const before = current;
    current = next;
    const diff = diffServers(before.servers, next.servers);
    log.info({ ...diff }, 'Configuration compared');
    if (JSON.stringify(before.config) !== JSON.stringify(next.config)) {
      log.warn({}, 'Settings of the watchdog itself changed: they count from its next start');
    }
    for (const { name, restartFields } of diff.changed) {
      // Who edits `enabled` means it: an older wish from the command line gives way.
      if (restartFields.includes('enabled')) parts.keeper.setWish(name, null);
    }
    await supervisor.apply(toChanges(next.servers, diff));
  }

  return {
    reload() {
      const mine = last.then(reload);
      last = mine;
      return mine;
    },
  };
}

function toChanges(servers: readonly ServerSpec[], diff: ReturnType<typeof diffServers>): Changes {
  const specs = new Map(servers.map((spec) => [spec.name, spec]));
  const specOf = (name: string): ServerSpec[] => [specs.get(name)].filter((spec) => spec !== undefined);
  return {
    added: diff.added.flatMap(specOf),
    removed: diff.removed,
    changed: diff.changed.flatMap(({ name, restartFields }) =>
      specOf(name).map((spec) => ({ spec, restart: restartFields.length > 0 })),
    ),
  };
}
