// Desktop notifications on Linux through notify-send, which every desktop packages.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Severity } from '../../core/model/vocabulary.ts';
import type { DesktopSettings, SendResult } from '../../core/model/notification.ts';
import { type Channel, type ChannelContext, failed, READY, type Readiness } from './channel.ts';
import { isExecutable, runProgram } from './run-program.ts';
import { type Message, composeMessage } from '../message/message.ts';

const APPEARANCE: Readonly<Record<Severity, { readonly urgency: string; readonly icon: string }>> = {
  critical: { urgency: 'critical', icon: 'dialog-error' },
  warning: { urgency: 'normal', icon: 'dialog-warning' },
  info: { urgency: 'normal', icon: 'dialog-information' },
};

/** Errors of notify-send that mean: no notification service in this session. */
const NO_SERVICE =
  /ServiceUnknown|not provided by any|Cannot autolaunch|Could not connect|No such file|session bus/iu;

export function openOnLinux({ timeout }: DesktopSettings, parts: ChannelContext): Channel {
  const { clock, environment } = parts;
  return {
    kind: 'desktop',
    to: 'notify-send',
    advice: 'If you saw nothing: look whether do-not-disturb is on, and in the list of past notifications.',
    async send(notification, { signal }) {
      const argv = ['notify-send', ...argumentsOf(composeMessage(notification))] as const;
      const { outcome, stderr } = await runProgram(argv, { clock, environment, timeout, signal });
      return withSessionReason(outcome, stderr);
    },
    check: () => check(environment),
  };
}

function argumentsOf({ title, subtitle, body, severity, server, runbook }: Message): string[] {
  const { urgency, icon } = APPEARANCE[severity];
  // A newer notification about the same server replaces the older one.
  const topic = `mcp-watchdog${server === null ? '' : `-${server}`}`;
  const hint = `string:x-canonical-private-synchronous:${topic}`;
  // Title needs no escaping: neither reader interprets it.
  // Desktops make a link of an address.
  const link = runbook === null ? '' : `\n${escaped(runbook)}`;
  const text = `${escaped(subtitle)}\n${escaped(body)}${link}`;
  return ['-a', 'mcp-watchdog', '-u', urgency, '-i', icon, '-h', hint, '--', title, text];
}

/** Escapes for two readers: the desktop interprets markup in the body, notify-send C escapes such as `\\n`. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

function withSessionReason(outcome: SendResult, stderr: string): SendResult {
  const isNoService =
    outcome.result === 'failed' && outcome.reason === 'exit_code' && NO_SERVICE.test(stderr);
  return isNoService ? failed('no_session', `no notification service here: ${outcome.detail}`) : outcome;
}

async function check(environment: ChannelContext['environment']): Promise<Readiness> {
  if (!(await isExecutable('notify-send', environment))) {
    return {
      ok: false,
      reason: 'notify-send was not found',
      cure: 'Install it (libnotify-bin on Debian and Ubuntu, libnotify elsewhere), or use another channel under alerts.notify',
    };
  }
  if (hasSessionBus(environment)) return READY;
  return {
    ok: false,
    reason: 'there is no desktop session',
    cure: 'On a machine without a desktop use a webhook or a command under alerts.notify',
  };
}

function hasSessionBus({
  DBUS_SESSION_BUS_ADDRESS: address,
  XDG_RUNTIME_DIR: runtime,
}: ChannelContext['environment']): boolean {
  if (address !== undefined && address !== '') return true;
  return runtime !== undefined && existsSync(join(runtime, 'bus'));
}
