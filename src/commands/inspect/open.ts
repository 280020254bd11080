// Command `open [--print] [--revoke]`: the page in the browser, signed in by a link that works once.
import { spawn } from 'node:child_process';
import { WatchdogError } from '../../core/base/errors.ts';
import { codeOf } from '../../core/base/guards.ts';
import { isDarwin } from '../../system/platform.ts';
import { pageUrl } from '../../core/status/page-url.ts';
import type { PageLink } from '../../control/protocol.ts';
import type { CommandContext, CommandIo } from '../shared/command.ts';
import { printResult } from '../shared/output.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** ms. `xdg-open` may go on as long as the browser; what has not failed by then has opened the page. */
const PATIENCE = 3_000;

export async function run(context: CommandContext): Promise<number> {
  const { flags } = context;
  if (flags.revoke === true) return await signOut(context);
  const obstacle = flags.print === true ? null : obstacleOf(context.io.env);
  if (obstacle !== null) return await withoutBrowser(context, obstacle);
  const { url, link, file } = await signIn(context, flags.print === true);
  if (file === null) {
    const shown = link ?? url;
    printResult(context, { url: shown, opened: false, reason: null }, [shown]);
    return 0;
  }
  // The file, not the link: the arguments of a process can be read by everybody here.
  const failure = await openUrl(file, context.io);
  const lines =
    failure === null ? [`Opened ${url}, signed in`] : [url, `It was not opened: ${failure}`, PRINT];
  printResult(context, { url, opened: failure === null, reason: failure }, lines);
  return failure === null ? 0 : 1;
}

const PRINT = 'mcp-watchdog open --print prints a link that signs you in, once';

async function signOut(context: CommandContext): Promise<number> {
  const { ended } = await withDaemon(context, (client) => client.request('signOut', {}));
  const text =
    ended === 0 ? 'Nobody was signed in' : `Signed out: ${ended} ${ended === 1 ? 'session' : 'sessions'}`;
  printResult(context, { ended }, [text]);
  return 0;
}

/** Makes a link, where the daemon listens. */
async function signIn(context: CommandContext, isPrinted: boolean): Promise<PageLink> {
  await addressOf(context);
  return await withDaemon(context, (client) => client.request('signIn', { isPrinted }));
}

async function withoutBrowser(context: CommandContext, obstacle: string): Promise<number> {
  const url = await addressOf(context);
  printResult(context, { url, opened: false, reason: obstacle }, [url, obstacle, PRINT]);
  return 0;
}

/** @throws WatchdogError CONTROL_FAILED when the daemon does not listen */
async function addressOf(context: CommandContext): Promise<string> {
  const { daemon } = await withDaemon(context, (client) => client.request('status', {}));
  if (daemon.listen !== null) return pageUrl(daemon.listen);
  throw new WatchdogError('CONTROL_FAILED', 'Cannot open the page: the daemon does not listen', {
    hint: 'mcp-watchdog status says why; the address is metrics.listen in the config',
  });
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
