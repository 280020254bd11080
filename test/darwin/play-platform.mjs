// Preload module (`node --import`) that makes the watchdog take this machine for the one that
// MCP_WATCHDOG_PLATFORM names, and macOS' programs for those in the folder MCP_WATCHDOG_PLAYED_PROGRAMS, whether they are
// called by name or by path. It lives in the tests, so that the variables mean nothing to what is installed.
import childProcess from 'node:child_process';
import { existsSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const { MCP_WATCHDOG_PLATFORM: played, MCP_WATCHDOG_PLAYED_PROGRAMS: programs } = process.env;
if (played !== undefined) Object.defineProperty(process, 'platform', { value: played, enumerable: true });
if (programs !== undefined) playPrograms();

function playPrograms() {
  for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync']) {
    const original = childProcess[name];
    const promised = original[promisify.custom];
    const replaced = (file, ...rest) => original(playedFile(file), ...rest);
    if (promised !== undefined)
      Object.defineProperty(replaced, promisify.custom, {
        value: (file, ...rest) => promised(playedFile(file), ...rest),
      });
    childProcess[name] = replaced;
  }
  syncBuiltinESMExports();
}

function playedFile(file) {
  if (!/^(?:\/(?:usr\/)?s?bin\/)?[\w-]+$/u.test(file)) return file;
  const own = join(programs, basename(file));
  return existsSync(own) ? own : file;
}
