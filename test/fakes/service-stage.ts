// A user with a home folder, a watchdog home in it, and the commands that make a service of it, on a Mac that is none.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandContext, Flags } from '../../src/commands/shared/command.ts';
import { type Host, processHost } from '../../src/commands/shared/service.ts';
import { resolvePaths } from '../../src/system/files/paths.ts';
import { CLI, fixture } from '../e2e/daemon.ts';
import type { Machine } from '../fixtures/launchctl-machine.mjs';
import { fakeIo, type FakeIo } from './io.ts';
import { type ProgramLaunchd, programLaunchd } from './launchd.ts';
import { tempHome } from './temp-home.ts';

export interface ServiceStage {
  readonly launchd: ProgramLaunchd;
  readonly home: string;
  readonly file: string;
  /** Runs a command; what it printed, and its exit code. */
  readonly command: (
    run: (context: CommandContext, host: Host) => Promise<number>,
    flags?: Flags,
    changes?: {
      readonly home?: string;
      readonly host?: Partial<Host>;
      readonly env?: Record<string, string>;
    },
  ) => Promise<{ code: number; out: string; err: string }>;
  readonly writeConfig: (text: string) => void;
}

export const GOOD_CONFIG = JSON.stringify({
  metrics: { listen: '127.0.0.1:0' },
  gateway: { listen: '127.0.0.1:0' },
  servers: { only: fixture() },
});

/** @param changes of the machine that launchctl plays */
export function serviceStage(changes: Partial<Machine> = {}): ServiceStage {
  const userHome = tempHome().home;
  const home = join(userHome, '.mcp-watchdog');
  mkdirSync(home, { mode: 0o700 });
  const launchd = programLaunchd(changes);
  const writeConfig = (text: string): void => writeFileSync(join(home, 'config.yaml'), text, { mode: 0o600 });
  writeConfig(GOOD_CONFIG);
  return {
    launchd,
    home,
    writeConfig,
    file: join(userHome, 'Library', 'LaunchAgents', 'com.mcp.daemon.plist'),
    async command(run, flags = {}, { home: other = home, host = {}, env = {} } = {}) {
      const io: FakeIo = fakeIo({ env: { ...launchd.env, ...env } });
      const context: CommandContext = { paths: resolvePaths(other), arguments: [], flags, colour: false, io };
      const mac = { platform: 'darwin', uid: 501, userHome, program: CLI, temporary: [] };
      const code = await run(context, { ...processHost(io), ...mac, ...host });
      return { code, out: io.stdout(), err: io.stderr() };
    },
  };
}
