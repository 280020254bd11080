// `run`: the daemon in the foreground, from the first config to the last server's end.
import { keepNurserySmall } from '../system/memory.ts';
import type { Context } from './command.ts';
import { runForeground } from './foreground.ts';
import { createFirstConfig } from './init.ts';
import { readVersion } from './program.ts';

export async function run(context: Context): Promise<number> {
  const { paths, flags, io } = context;
  const isFirst = flags.init === true && createFirstConfig(paths);
  keepNurserySmall(io.env);
  // Loaded now: nothing but this command needs it.
  const { startDaemon } = await import('../daemon.ts');
  return await runForeground(context, {
    isFirst,
    start: (alsoLogTo) =>
      startDaemon({
        paths,
        version: readVersion(),
        environment: io.env,
        ...(alsoLogTo === null ? {} : { alsoLogTo }),
      }),
  });
}
