// `check [name]`: one full look at every server now, and an exit code that says what is wrong.
import type { CommandContext } from '../shared/command.ts';
import { checkReport, checkServer, exitCodeOf } from './check-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

// As long as all probes and a process listing may take together on a busy machine.
const TIMEOUT = 60_000;

export function run(context: CommandContext): Promise<number> {
  const [name] = context.arguments;
  return withDaemon(context, async (daemon) => {
    // Asked first, because a name that is not there deserves the nearest one.
    if (name !== undefined) pickServer(await daemon.request('status', {}), name);
    const status = await daemon.request('check', name === undefined ? {} : { name }, { timeout: TIMEOUT });
    const servers = name === undefined ? status.servers : [pickServer(status, name)];
    const now = context.io.clock.now();
    const checked = servers.map((server) => checkServer(server, { asked: name !== undefined, now }));
    const exitCode = exitCodeOf(checked);
    if (context.flags.json === true) printJson(context, { exitCode, servers: checked });
    else printLines(context, checkReport(checked, servers, viewOptions(context)));
    return exitCode;
  });
}
