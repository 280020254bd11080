// Planned restarts: by cron rule (`restart.at`), and when files change (`restart.watch`).
import { relative } from 'node:path';
import type { WatchdogEvent } from '../../core/model/events.ts';
import type { RestartPolicy, ServerSpec } from '../../core/model/server-spec.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { watchPaths } from '../../system/files/watch-paths.ts';
import type { Cron } from '../../system/time/cron.ts';
import type { DaemonContext } from '../context.ts';

interface PlannedRestartsParts {
  readonly supervisor: Pick<Supervisor, 'restart' | 'runner'>;
}

interface Plan {
  readonly at: string | null;
  readonly watch: readonly string[];
  readonly stopWatch: () => void;
}

/**
 * Follows the servers of the config from here on, so it must be opened before they are added. A server that is meant to be
 * down stays down. The restarts count as requested: no budget, no backoff.
 */
export function openPlannedRestarts(context: DaemonContext, { supervisor }: PlannedRestartsParts): void {
  const { bus, teardown } = context;
  const plans = new Map<string, Plan>();
  const rules = createRestartRules(context, (server, rule) => restart(server, `planned: restart.at ${rule}`));

  function restart(server: string, detail: string): void {
    if (supervisor.runner(server)?.state.wanted !== 'up') return;
    supervisor.restart(server, { reason: 'requested', detail });
  }

  function plan({ name, restart: policy }: ServerSpec): void {
    const past = plans.get(name);
    const isSameWatch = past !== undefined && past.watch.join('\0') === policy.watch.join('\0');
    if (!isSameWatch) past?.stopWatch();
    const stopWatch = isSameWatch ? past.stopWatch : watch(name, policy);
    plans.set(name, { at: policy.at, watch: policy.watch, stopWatch });
    if (policy.at !== (past?.at ?? null)) rules.set(name, policy.at);
  }

  function watch(name: string, { watch: paths }: RestartPolicy): () => void {
    if (paths.length === 0) return () => {};
    return watchForRestart(context, { server: name, paths, restart: (detail) => restart(name, detail) });
  }

  function forget(name: string): void {
    plans.get(name)?.stopWatch();
    plans.delete(name);
    rules.set(name, null);
  }

  const unsubscribe = bus.subscribe((event: WatchdogEvent) => {
    if (event.kind === 'server-added' || event.kind === 'server-changed') plan(event.spec);
    if (event.kind === 'server-removed') forget(event.server);
    if (event.kind === 'gap') rules.rearm();
  });
  teardown.add('planned restarts', () => {
    unsubscribe();
    for (const { stopWatch } of plans.values()) stopWatch();
    return rules.close();
  });
}

interface RestartRules {
  /** Null removes the rule. */
  set(server: string, rule: string | null): void;
  rearm(): void;
  close(): Promise<void>;
}

/** Keeps a cron job for each server that has a rule; the cron library is not loaded while none has. */
function createRestartRules(
  { clock, log }: DaemonContext,
  onDue: (server: string, rule: string) => void,
): RestartRules {
  let cron: Cron | null = null;
  let isClosed = false;
  let last: Promise<void> = Promise.resolve();

  async function apply(server: string, rule: string | null): Promise<void> {
    if (isClosed) return;
    if (rule === null) return cron?.remove(server);
    const { createCron } = await import('../../system/time/cron.ts');
    cron ??= createCron({
      clock,
      onFault: (name, err) => log.error({ server: name, err }, 'Cannot restart a server as planned'),
      // Not kept for the next daemon: whatever was missed while none ran, it starts every server anyway.
      onRecord: () => {},
    });
    cron.add({ name: server, rule, record: null, run: async () => onDue(server, rule) });
  }

  return {
    set(server, rule) {
      last = last
        .then(() => apply(server, rule))
        .catch((err: unknown) => log.error({ server, err }, 'Cannot plan restarts'));
    },
    rearm: () => cron?.rearm(),
    async close() {
      isClosed = true;
      await last;
      await cron?.close();
    },
  };
}

interface WatchForRestart {
  readonly server: string;
  readonly paths: readonly string[];
  readonly restart: (detail: string) => void;
}

/** A change so soon after a restart, ms, may be the work of the server itself. */
const SOON = 10_000;
/** So many of them in a row are. */
const OWN_WORK = 5;
const FIRST_PAUSE = 10_000;
const LONGEST_PAUSE = 5 * 60_000;

/** Restarts once its files have changed; more and more rarely when each restart changes them again. */
function watchForRestart(
  { clock, log }: DaemonContext,
  { server, paths, restart }: WatchForRestart,
): () => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  let inARow = 0;
  let cancel: (() => void) | null = null;

  function restartNow(changed: readonly string[]): void {
    cancel = null;
    lastAt = clock.monotonic();
    restart(describeChanges(changed, paths));
  }

  const watching = watchPaths({
    clock,
    paths,
    onTooMany: (limit) =>
      log.warn({ server, limit }, 'restart.watch names more files than are watched: name only what matters'),
    onChange(changed) {
      // The restart that is due takes this change in too.
      if (cancel !== null) return;
      inARow = clock.monotonic() - lastAt < SOON ? inARow + 1 : 0;
      if (inARow < OWN_WORK) return restartNow(changed);
      if (inARow === OWN_WORK)
        log.warn(
          { server, changed: changed.slice(0, 5) },
          'The server seems to write to the files of its restart.watch: name only what it does not write',
        );
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (inARow - OWN_WORK));
      cancel = clock.after(pause, () => restartNow(changed));
    },
  });
  return () => {
    cancel?.();
    watching.stop();
  };
}

/** `server.js changed (restart.watch)`, paths below a watched folder relative to it. */
function describeChanges(changed: readonly string[], paths: readonly string[]): string {
  const [first = ''] = changed;
  const folder = paths.find((path) => first.startsWith(`${path}/`));
  const name = folder === undefined ? first : relative(folder, first);
  const others = changed.length - 1;
  const more = others === 0 ? '' : ` and ${others} more`;
  return `${name}${more} changed (restart.watch)`;
}
