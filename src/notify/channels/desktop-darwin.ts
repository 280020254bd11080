// Desktop notifications on macOS through terminal-notifier, whose notifications open the page, where it is installed;
// else through osascript. Neither reports an error when macOS does not show them.
import type { DesktopSettings, SendResult } from '../../core/model/notification.ts';
import { runCommand } from '../../system/process/run-command.ts';
import { type Channel, type ChannelContext, READY, type Readiness, type SendOptions } from './channel.ts';
import { isExecutable, type ProgramOptions, runProgram } from './run-program.ts';
import { type Message, composeMessage } from '../message/message.ts';

/** Constant: the texts are passed as arguments of `run`, never as part of the script. */
const SCRIPT = [
  '-e',
  'on run argv',
  '-e',
  'display notification (item 2 of argv) with title (item 1 of argv) subtitle (item 3 of argv)',
  '-e',
  'end run',
  '--',
] as const;

const ADVICE =
  'If you saw nothing: open Script Editor, run  display notification "x"  there once and allow it; then look at ' +
  'System Settings > Notifications > Script Editor, and whether a Focus is on. macOS does not report it. ' +
  'With terminal-notifier on the PATH of the daemon, it is terminal-notifier that must be allowed there.';

/** Shows notifications that can be clicked; `display notification` of AppleScript has no action for a click. */
const CLICKABLE = 'terminal-notifier';

export function openOnDarwin({ timeout }: DesktopSettings, parts: ChannelContext): Channel {
  // osascript decodes its arguments with the encoding of the locale.
  const environment = { ...parts.environment, LANG: 'en_US.UTF-8' };
  return {
    kind: 'desktop',
    to: 'osascript',
    advice: ADVICE,
    async send(notification, { signal }) {
      const message = composeMessage(notification);
      const options = { clock: parts.clock, environment, timeout, signal };
      const clickable = await sendClickable(message, parts.page, options);
      if (clickable !== null && (clickable.result === 'sent' || signal.aborted)) return clickable;
      const { outcome } = await runProgram(['osascript', ...SCRIPT, ...argumentsOf(message)], options);
      return clickable === null ? outcome : { ...outcome, detail: `${outcome.detail} (${clickable.detail})` };
    },
    check: () => check(parts),
  };
}

type Send = Pick<ProgramOptions, 'clock' | 'environment' | 'timeout'> & Pick<SendOptions, 'signal'>;

/** Returns null where terminal-notifier is not installed, or there is no page to open. */
async function sendClickable(
  { title, subtitle, body, server }: Message,
  page: string | undefined,
  options: Send,
): Promise<SendResult | null> {
  if (page === undefined || !(await isExecutable(CLICKABLE, options.environment))) return null;
  // A newer notification about the same server replaces the older one.
  const group = `mcp-watchdog${server === null ? '' : `-${server}`}`;
  const texts = ['-title', literal(title), '-subtitle', literal(subtitle), '-message', literal(body)];
  const argv = [CLICKABLE, ...texts, '-group', group, '-open', page] as const;
  return (await runProgram(argv, options)).outcome;
}

/** terminal-notifier reads a text that begins like a property list as one; it removes one backslash at the beginning. */
function literal(text: string): string {
  return /^[\p{L}\p{N}]/u.test(text) ? text : `\\${text}`;
}

/** macOS names Script Editor as the sender, so the title names us; the prefix also keeps it from starting with a dash. */
function argumentsOf({ title, subtitle, body }: Message): readonly [string, string, string] {
  return [`MCP Watchdog: ${title}`, body, subtitle];
}

/** Checks for osascript and for the session at the screen, the only one that shows notifications. */
async function check({ environment, clock }: ChannelContext): Promise<Readiness> {
  if (!(await isExecutable('osascript', environment))) {
    return {
      ok: false,
      reason: 'osascript was not found or is not executable',
      cure: 'It is part of macOS, in /usr/bin: make sure that the PATH of the daemon contains it',
    };
  }
  const { stdout, code } = await runCommand(['launchctl', 'managername'], {
    env: environment,
    timeout: 5000,
    clock,
  });
  const session = stdout.trim();
  if (code !== 0 || session === 'Aqua') return READY;
  return {
    ok: false,
    reason: `this runs in the session "${session}", and only Aqua shows notifications`,
    cure: 'Run the watchdog as a launch agent of the logged-in user: mcp-watchdog install',
  };
}
