// How systemctl is asked, and what its refusals mean in one sentence with a cure.
import { existsSync } from 'node:fs';
import { WatchdogError } from '../../core/base/errors.ts';
import { neutralise } from '../../core/base/text.ts';
import type { ServiceOptions, ToolResult } from '../shared/service-options.ts';

export interface Systemctl {
  /**
   * @param action for people, what this is done for: `start the service`
   * @returns its standard output
   * @throws WatchdogError SERVICE_FAILED
   */
  run(action: string, ...argv: string[]): Promise<string>;
  /** What it answers, whatever that is. */
  ask(...argv: string[]): Promise<ToolResult>;
  /** What the service itself said in the last minutes, oldest line first; none when the journal cannot be read. */
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

/** @param unit its file name, as in `mcp-watchdog.service` */
export function createSystemctl(unit: string, { run, env, uid }: ServiceOptions): Systemctl {
  const prefix = ['/usr/bin/env', ...surroundings(env, uid)] as const;
  const ask = (...argv: string[]): Promise<ToolResult> =>
    run([...prefix, 'systemctl', '--user', '--no-pager', ...argv]);

  return {
    ask,
    async run(action, ...argv) {
      const result = await ask(...argv);
      if (result.code === 0) return result.stdout;
      throw refusal(result, { action, unit });
    },
    async lastOutput() {
      // Not --unit: that is also what systemd says of it, which it says last.
      const { stdout } = await run([...prefix, ...JOURNALCTL, `_SYSTEMD_USER_UNIT=${unit}`]);
      return stdout
        .split('\n')
        .map(neutralise)
        .filter((line) => line !== '');
    },
  };
}

/**
 * Words for env(1). Its messages are matched below, so they must be in English; and who came by su, cron or ssh has no
 * XDG_RUNTIME_DIR, though the user's manager may be running.
 */
function surroundings(env: ServiceOptions['env'], uid: number): string[] {
  const folder = `/run/user/${uid}`;
  const isLacking = env['XDG_RUNTIME_DIR'] === undefined && existsSync(folder);
  return ['LC_ALL=C', ...(isLacking ? [`XDG_RUNTIME_DIR=${folder}`] : [])];
}

interface Refused {
  readonly action: string;
  readonly unit: string;
}

/** In this order: the first that is found in its words. */
const REFUSALS: readonly {
  readonly words: RegExp;
  readonly why: string;
  readonly cure: (unit: string) => string;
}[] = [
  {
    words: /env: .*systemctl.*: No such file/u,
    why: 'this machine has no systemctl',
    cure: () => 'Without systemd, run it in the background: mcp-watchdog start',
  },
  {
    words: /connect to (the )?(user scope )?bus|XDG_RUNTIME_DIR not defined|No medium found/iu,
    why: 'the systemd of this user does not run, or cannot be reached from here',
    cure: () =>
      'Log in as this user, not by su or sudo, or let it run without a login: loginctl enable-linger; until then: mcp-watchdog run',
  },
  {
    words: /is masked|Unit .* masked/u,
    why: 'the unit is masked',
    cure: (unit) => `Allow it again: systemctl --user unmask ${unit}`,
  },
  {
    words: /not found|not loaded|does not exist|No such file/u,
    why: 'systemd does not know the unit',
    cure: () => 'Write it: mcp-watchdog install',
  },
];

function refusal({ code, stderr, spawnError }: ToolResult, { action, unit }: Refused): WatchdogError {
  const words = neutralise(stderr.trim().split('\n')[0] ?? '');
  const known = REFUSALS.find((each) => each.words.test(stderr));
  const ended = spawnError ?? (code === null ? 'it was ended' : `exit code ${code}`);
  const why = known?.why ?? (words === '' ? `systemctl said nothing (${ended})` : words);
  return new WatchdogError('SERVICE_FAILED', `Cannot ${action}: ${why}`, {
    hint: known?.cure(unit) ?? `Ask systemd: systemctl --user status ${unit}`,
  });
}
