// Command `open [--print]`: the status page in the browser.
import { spawn } from 'node:child_process';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf } from '../../core/base/guards.ts';
import { isDarwin } from '../../system/platform.ts';
import { pageUrl } from '../../core/status/page-url.ts';
import type { CommandContext, CommandIo } from '../shared/command.ts';
import { printResult } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** ms. `xdg-open` may go on as long as the browser; what has not failed by then has opened the page. */
const PATIENCE = 3_000;

export async function run(context: CommandContext): Promise<number> {
  const { daemon } = await withDaemon(context, (client) => client.request('status', {}));
  if (daemon.listen === null) {
    throw new WatchdogError('CONTROL_FAILED', 'Cannot open the status page: the daemon does not listen', {
      hint: 'mcp-watchdog status says why; the address is metrics.listen in the config',
    });
  }
  const url = pageUrl(daemon.listen);
  const obstacle = context.flags.print === true ? null : obstacleOf(context.io.env);
  if (context.flags.print === true || obstacle !== null) {
    const note = obstacle === null ? [] : [obstacle];
    printResult(context, { url, opened: false, reason: obstacle }, [url, ...note]);
    return 0;
  }
  const failure = await openUrl(url, context.io);
  const lines = failure === null ? [`Opened ${url}`] : [url, `It was not opened: ${failure}`];
  printResult(context, { url, opened: failure === null, reason: failure }, lines);
  return failure === null ? 0 : 1;
}

/** Says why no browser can be seen from here; null when one can. */
function obstacleOf(env: CommandIo['env']): string | null {
  const has = (name: string): boolean => (env[name] ?? '') !== '';
  if (has('SSH_CONNECTION') || has('SSH_TTY'))
    return 'Not opened: this is an SSH session. Forward the port of that address (ssh -L) and open it on your side';
  if (!isDarwin && !has('DISPLAY') && !has('WAYLAND_DISPLAY')) return 'Not opened: there is no display here';
  return null;
}

/** Starts the system's opener, which outlives this command. @returns why it failed, or null */
function openUrl(url: string, { env, clock }: CommandIo): Promise<string | null> {
  const program = isDarwin ? 'open' : 'xdg-open';
  const child = spawn(program, [url], { env, stdio: 'ignore', detached: true });
  return new Promise((resolve) => {
    const cancel = clock.after(PATIENCE, () => end(null));
    function end(failure: string | null): void {
      cancel();
      child.unref();
      resolve(failure);
    }
    child.once('error', (error) =>
      end(
        codeOf(error) === 'ENOENT'
          ? `${program} was not found; ${isDarwin ? 'it is in /usr/bin' : 'install xdg-utils'}`
          : `${program} cannot be started (${codeOf(error) ?? error.message})`,
      ),
    );
    child.once('exit', (code) => end(code === 0 ? null : `${program} ended with exit code ${code ?? '?'}`));
  });
}
