// Command `run`: the daemon in the foreground.
import { trimLaunchdLog } from '../../service/launchd/trim-log.ts';
import { INIT_CURE, initComplaint, readInitProcess } from '../../system/process/init-process.ts';
import type { CommandContext } from '../shared/command.ts';
import { EXIT_AFTER_SIGNAL, runForeground } from './foreground.ts';
import { preferMemory } from './prefer-memory.ts';
import { createFirstConfig } from '../shared/first-config.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { readVersion } from '../shared/own-package.ts';
import { applyServiceEnvironment } from '../shared/service-environment.ts';
import { errorLines } from '../views/error.ts';

export async function run(context: CommandContext): Promise<number> {
  const { paths, flags, io } = context;
  // Before the first warning: the file that it goes to may be on a full disk.
  io.outliveOutput();
  const isFirst = flags.init === true && createFirstConfig(paths);
  // Again, for a command line that does not begin with `run`.
  preferMemory(io.env);
  // Set by the service file.
  const service = io.env['MCP_WATCHDOG_SERVICE'];
  if (service === 'launchd') trimLaunchdLog(paths.home);
  // In place: the servers and their npm inherit from it, and everything that reaches out asks it for proxies.
  const fault = service === undefined ? null : applyServiceEnvironment(paths.home, process.env);
  if (fault !== null) io.err.write(`warning: the environment file of the service is not used: ${fault}\n`);
  warnOfInit(context);
  // Loaded late: only this command needs them, and the V8 flag must be set before.
  const { startDaemon } = await import('../../daemon.ts');
  const { StoppedWhileWaiting } = await import('../../daemon/config/initial-config.ts');
  const interruption = interruptSignal(io);
  const tell = (error: Error): void => void io.err.write(linesOf(error));
  const configWait = service === undefined ? {} : { configWait: { signal: interruption.signal, tell } };
  try {
    return await runForeground(context, {
      isFirst,
      start: (alsoLogTo) =>
        startDaemon({
          paths,
          version: readVersion(),
          environment: io.env,
          ...configWait,
          // launchd would keep a second copy of the log and never rotate it.
          ...(alsoLogTo === null || service === 'launchd' ? {} : { alsoLogTo }),
        }),
    });
  } catch (error) {
    if (error instanceof StoppedWhileWaiting) return interruption.signal.aborted ? EXIT_AFTER_SIGNAL : 0;
    throw error;
  } finally {
    interruption.release();
  }
}

/** Tells at the start, where a container's log begins: later nobody sees why pids run out. */
function warnOfInit({ io }: CommandContext): void {
  const found = readInitProcess();
  const complaint = found === null ? null : initComplaint(found);
  if (complaint !== null) io.err.write(`warning: ${complaint}\nhint: ${INIT_CURE}\n`);
}

function linesOf(error: Error): string {
  return errorLines(error, { colour: false, isDebug: false })
    .map((line) => `${line}\n`)
    .join('');
}
