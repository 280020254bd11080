// Desktop channel: the system's own notifications, or a program that the user chose.
import type { DesktopSettings } from '../../core/model/notification.ts';
import { openOnDarwin } from './desktop-darwin.ts';
import { openOnLinux } from './desktop-linux.ts';
import { type Channel, type ChannelContext, type OpenChannel, READY } from './channel.ts';
import { isExecutable, programName, runProgram } from './run-program.ts';
import { fillArguments } from '../message/template.ts';
import { composeMessage, placeholderValues } from '../message/message.ts';

export const openDesktop: OpenChannel<DesktopSettings> = (settings, parts) => {
  const native = openNative(settings, parts);
  const [program, ...template] = settings.program ?? [];
  return program === undefined ? native : withProgram(native, [program, ...template], { settings, parts });
};

function openNative(settings: DesktopSettings, parts: ChannelContext): Channel {
  if (parts.platform === 'darwin') return openOnDarwin(settings, parts);
  return openOnLinux(settings, parts);
}

/** Uses the chosen program, and the system's own notifications when that program is missing. */
function withProgram(
  native: Channel,
  [program, ...template]: readonly [string, ...string[]],
  { settings, parts }: { settings: DesktopSettings; parts: ChannelContext },
): Channel {
  const name = programName(program);
  return {
    kind: 'desktop',
    to: name,
    advice: `If you saw nothing: allow notifications of ${name} in the settings of your desktop, and look whether a focus or do-not-disturb mode is on.`,
    async send(notification, options) {
      const { environment } = parts;
      if (!(await isExecutable(program, environment)))
        return withNote(await native.send(notification, options), name);
      const texts = placeholderValues(composeMessage(notification));
      const { outcome } = await runProgram([program, ...fillArguments(template, texts)], {
        clock: parts.clock,
        environment,
        timeout: settings.timeout,
        signal: options.signal,
      });
      return outcome;
    },
    async check() {
      if (await isExecutable(program, parts.environment)) return READY;
      const instead = await native.check();
      const cure = `Install ${name}, or remove program from the desktop channel under alerts.notify`;
      const then = instead.ok ? `${native.to} is used instead` : instead.reason;
      return { ok: false, reason: `${name} was not found or is not executable; ${then}`, cure };
    },
  };
}

function withNote<Outcome extends { readonly detail: string }>(outcome: Outcome, name: string): Outcome {
  return { ...outcome, detail: `${outcome.detail} (${name} was not found)` };
}
