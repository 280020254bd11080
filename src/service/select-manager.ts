// Which service manager this system has.
import { WatchdogError } from '../core/base/errors.ts';
import { createLaunchd } from './launchd/launchd.ts';
import type { ServiceManager } from './shared/service-manager.ts';
import type { ServiceOptions } from './shared/service-options.ts';
import { createSystemd } from './systemd/systemd.ts';

const MANAGERS = {
  launchd: createLaunchd,
  systemd: createSystemd,
} satisfies Record<ServiceManager['kind'], (options: ServiceOptions) => ServiceManager>;

const KIND_OF: Readonly<Record<string, ServiceManager['kind']>> = { darwin: 'launchd', linux: 'systemd' };

/** Whether there is a service manager that we know; says nothing of whether it runs. */
export function hasServiceManager(platform: string): boolean {
  return KIND_OF[platform] !== undefined;
}

/**
 * @param options.platform as in `process.platform`
 * @throws WatchdogError SERVICE_FAILED where there is none that we know, or for a label that it does not take
 */
export function selectServiceManager(
  options: ServiceOptions & { readonly platform: string },
): ServiceManager {
  const kind = KIND_OF[options.platform];
  if (kind !== undefined) return MANAGERS[kind](options);
  throw new WatchdogError(
    'SERVICE_FAILED',
    `Cannot find a service manager: only launchd (macOS) and systemd (Linux) are known, this is ${options.platform}`,
    { hint: 'mcp-watchdog start runs it in the background' },
  );
}
