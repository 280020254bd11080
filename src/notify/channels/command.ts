// Channel that runs a program of the user, with the notification as JSON on its stdin.
import type { CommandSettings } from '../../core/model/notification.ts';
import { type OpenChannel, READY } from './channel.ts';
import { toPayload } from '../message/payload.ts';
import { type Argv, isExecutable, programName, runProgram } from './run-program.ts';

export const openCommand: OpenChannel<CommandSettings> = ({ command, env, timeout }, parts) => {
  const argv = argvOf(command);
  const to = programName(argv[0]);
  const environment = { ...parts.environment, ...env };
  return {
    kind: 'command',
    to,
    advice: null,
    async send(notification, { signal }) {
      const input = `${JSON.stringify(toPayload(notification))}\n`;
      const { outcome } = await runProgram(argv, { clock: parts.clock, environment, timeout, signal, input });
      return outcome;
    },
    async check() {
      if (await isExecutable(argv[0], environment)) return READY;
      return {
        ok: false,
        reason: `${to} was not found or is not executable`,
        cure: 'Correct the command of this channel under alerts.notify; the PATH is that of the daemon',
      };
    },
  };
};

/** The config rejects an empty command. */
function argvOf([program = '', ...rest]: readonly string[]): Argv {
  return [program, ...rest];
}
