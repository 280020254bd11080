// Client of systemctl and journalctl that turns their failures into one sentence with a cure.
import { existsSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { neutralise } from '../../core/base/text.ts';
import type { ServiceOptions, ToolResult } from '../shared/service-options.ts';

export interface Systemctl {
  /**
   * Runs systemctl.
   *
   * @param action purpose of the call, for people: `start the service`
   * @returns its stdout
   * @throws WatchdogError SERVICE_FAILED
   */
  run(action: string, ...argv: string[]): Promise<string>;
  /** Runs systemctl and returns the result, failed or not. */
  ask(...argv: string[]): Promise<ToolResult>;
  /** Returns what the service itself printed in the last minutes, oldest line first; none when the journal cannot be read. */
  lastOutput(): Promise<readonly string[]>;
}

const JOURNALCTL = [
  'journalctl',
  '--user',
  '--quiet',
  '--no-pager',
  '--output=cat',
  '--lines=50',
  '--since=-3min',
];

/** Creates the client of one unit, named by its file name: `mcp-watchdog.service`. */
export function createSystemctl(unit: string, { run, env, uid }: ServiceOptions): Systemctl {
  const prefix = ['/usr/bin/env', ...environmentArguments(env, uid)] as const;
  const ask = (...argv: string[]): Promise<ToolResult> =>
    run([...prefix, 'systemctl', '--user', '--no-pager', ...argv]);

  return {
    ask,
    async run(action, ...argv) {
      const result = await ask(...argv);
      if (result.code === 0) return result.stdout;
      throw toError(result, { action, unit });
    },
    async lastOutput() {
      // Not --unit, which also shows systemd's own messages about the unit, and shows them last.
      const { stdout } = await run([...prefix, ...JOURNALCTL, `_SYSTEMD_USER_UNIT=${unit}`]);
      return stdout
        .split('\n')
        .map(neutralise)
        .filter((line) => line !== '');
    },
  };
}

/**
 * Arguments for env(1). The messages are matched below, so they must be in English; and a user who came by su, cron or
 * ssh has no XDG_RUNTIME_DIR, although the user's systemd may be running.
 */
function environmentArguments(env: ServiceOptions['env'], uid: number): string[] {
  const folder = `/run/user/${uid}`;
  const isMissing = env['XDG_RUNTIME_DIR'] === undefined && existsSync(folder);
  return ['LC_ALL=C', ...(isMissing ? [`XDG_RUNTIME_DIR=${folder}`] : [])];
}

interface FailedCall {
  readonly action: string;
  readonly unit: string;
}

/** Known failures; the first whose pattern matches stderr counts. */
const FAILURES: readonly {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly cure: (unit: string) => string;
}[] = [
  {
    pattern: /env: .*systemctl.*: No such file/u,
    reason: 'this machine has no systemctl',
    cure: () => 'Without systemd, run it in the background: mcp-watchdog start',
  },
  {
    pattern: /connect to (the )?(user scope )?bus|XDG_RUNTIME_DIR not defined|No medium found/iu,
    reason: 'the systemd of this user does not run, or cannot be reached from here',
    cure: () =>
      'Log in as this user, not by su or sudo, or let it run without a login: loginctl enable-linger; until then: mcp-watchdog run',
  },
  {
    pattern: /is masked|Unit .* masked/u,
    reason: 'the unit is masked',
    cure: (unit) => `Allow it again: systemctl --user unmask ${unit}`,
  },
  {
    pattern: /not found|not loaded|does not exist|No such file/u,
    reason: 'systemd does not know the unit',
    cure: () => 'Write it: mcp-watchdog install',
  },
];

function toError({ code, stderr, spawnError }: ToolResult, { action, unit }: FailedCall): WatchdogError {
  const message = neutralise(stderr.trim().split('\n')[0] ?? '');
  const known = FAILURES.find((each) => each.pattern.test(stderr));
  const ended = spawnError ?? (code === null ? 'it was killed' : `exit code ${code}`);
  const reason = known?.reason ?? (message === '' ? `systemctl gave no reason (${ended})` : message);
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action}: ${reason}`, {
    hint: known?.cure(unit) ?? `Ask systemd: systemctl --user status ${unit}`,
  });
}
