// Choice of the service manager by platform.
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

/** True when this platform has a supported service manager; it need not run. */
export function hasServiceManager(platform: string): boolean {
  return KIND_OF[platform] !== undefined;
}

/**
 * Creates the service manager of this platform.
 *
 * @param options.platform as in `process.platform`
 * @throws WatchdogError SERVICE_FAILED where none is supported, or for an invalid label
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
