// Command `uninstall`: removes the service; config, logs and servers stay.
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';
import { type Host, readServiceHome, installedService, processHost, serviceOf } from '../shared/service.ts';
import { removeServiceEnvironment } from '../shared/service-environment.ts';
import { printResult } from '../shared/output.ts';

export async function run(context: CommandContext, host: Host = processHost(context.io)): Promise<number> {
  const { paths } = context;
  const service = installedService(context, host) ?? serviceOf(context, host);
  const text = service.read();
  const other = text === null ? null : readServiceHome(text);
  if (other !== null && other !== paths.home) throw servesOther(service.file, other);
  const wasThere = await service.uninstall();
  removeServiceEnvironment(paths.home);
  const { kind, file } = service;
  printResult(
    context,
    { service: { kind, file }, result: wasThere ? 'removed' : 'nothing' },
    wasThere
      ? [`Stopped the service and removed ${service.file}`, `Config, logs and servers stay in ${paths.home}`]
      : ['No service is installed'],
  );
  return 0;
}

function servesOther(file: string, home: string): WatchdogError {
  return new WatchdogError('SERVICE_FAILED', `Cannot remove the service: ${file} serves the home ${home}`, {
    hint: `mcp-watchdog uninstall --home "${home}", or name another service with --label`,
  });
}
