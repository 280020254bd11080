// The channel to whoever sits at this machine: the system's own notifications, or a program of the user's choice.
import type { DesktopSettings } from '../../core/model/notification.ts';
import { openOnDarwin } from './desktop-darwin.ts';
import { openOnLinux } from './desktop-linux.ts';
import { type Channel, type ChannelContext, type OpenChannel, READY } from './channel.ts';
import { isExecutable, programName, runProgram } from './run-program.ts';
import { fillArguments } from '../message/template.ts';
import { composeMessage, placeholderValues } from '../message/message.ts';

export const openDesktop: OpenChannel<DesktopSettings> = (settings, parts) => {
  const own = openOwn(settings, parts);
  const [program, ...template] = settings.program ?? [];
  return program === undefined ? own : withProgram(own, [program, ...template], { settings, parts });
};

function openOwn(settings: DesktopSettings, parts: ChannelContext): Channel {
  if (parts.platform === 'darwin') return openOnDarwin(settings, parts);
  return openOnLinux(settings, parts);
}

/** A program that is not there is no reason to be silent: the system's own way takes its place. */
function withProgram(
  own: Channel,
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
        return withNote(await own.send(notification, options), name);
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
      const instead = await own.check();
      const cure = `Install ${name}, or take program out of the desktop channel under alerts.notify`;
      const then = instead.ok ? `${own.to} is used instead` : instead.reason;
      return { ok: false, reason: `${name} is not there or may not be executed; ${then}`, cure };
    },
  };
}

function withNote<Outcome extends { readonly detail: string }>(outcome: Outcome, name: string): Outcome {
  return { ...outcome, detail: `${outcome.detail} (${name} is not there)` };
}
