// Command `check [name]`: probes and measures every server now; the exit code says what is wrong.
import type { CommandContext } from '../shared/command.ts';
import { checkReport, checkServer, exitCodeOf } from './check-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

/** ms for all probes and a process listing on a busy machine. */
const TIMEOUT = 60_000;

export function run(context: CommandContext): Promise<number> {
  const [name] = context.arguments;
  return withDaemon(context, async (daemon) => {
    // First, so that a wrong name gets a suggestion.
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
