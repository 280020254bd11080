// Command `notify test [--json]`: sends one notification through every channel.
import { loadConfig } from '../../config/load.ts';
import { connect } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { ChannelReport } from '../../core/model/notification.ts';
import { createDispatcher } from '../../notify/dispatcher.ts';
import { childEnvironment } from '../../supervisor/environment.ts';
import type { CommandContext } from '../shared/command.ts';
import { notifyReport } from './notify-report.ts';
import { printJson, printLines } from '../shared/output.ts';
import { platform } from '../../system/platform.ts';

/** ms. The slowest channel is a command, whose timeout is at most five minutes. */
const TIMEOUT = 310_000;

/** Sends through the daemon when one runs, because its session and its config are what counts. */
export async function run(context: CommandContext): Promise<number> {
  const throughDaemon = await askDaemon(context);
  const channels = throughDaemon ?? (await sendHere(context));
  const through = throughDaemon === null ? 'here' : 'daemon';
  if (context.flags.json === true) printJson(context, { through, channels });
  else printLines(context, notifyReport(channels, { through, colour: context.colour }));
  return channels.every(({ outcome }) => outcome.result === 'sent') ? 0 : 1;
}

/** Asks the daemon to send; null when none runs. */
async function askDaemon({ paths, io }: CommandContext): Promise<readonly ChannelReport[] | null> {
  const daemon = await connect(paths.socket, { clock: io.clock }).catch((error: unknown) => {
    if (error instanceof WatchdogError && error.code === 'NO_DAEMON') return null;
    throw error;
  });
  if (daemon === null) return null;
  try {
    return await daemon.request('notifyTest', {}, { timeout: TIMEOUT });
  } finally {
    daemon.close();
  }
}

function sendHere({ paths, io }: CommandContext): Promise<readonly ChannelReport[]> {
  const { config } = loadConfig(paths.config, io.env);
  const dispatcher = createDispatcher({
    settings: config.alerts.notify,
    clock: io.clock,
    environment: childEnvironment(io.env, {}),
    platform,
    onResult: () => {},
    onDropped: () => {},
  });
  return dispatcher.test();
}
