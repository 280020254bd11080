// Authentication and TLS of the web server, from a web config that is read in a child process and followed as it changes.
import { readWebConfigInChild } from '../../config/load-in-child.ts';
import type { DaemonConfig } from '../../config/build/loaded-config.ts';
import { ConfigError } from '../../config/read/problems.ts';
import { isLoopbackHost, type WebTls } from '../../core/model/web-config.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Logger } from '../../system/files/log.ts';
import { type AccessControl, createAccessControl } from '../../web/access.ts';
import { compareInChild } from '../../web/bcrypt-compare.ts';
import type { TlsSource } from '../../system/net/tls-server.ts';
import { watchWebConfig, type WebConfigWatcher, type WebConfigResult } from '../../web/web-config-watcher.ts';

export interface WebAccess {
  readonly access: AccessControl;
  /** Names of the users, as of now. */
  readonly users: () => readonly string[];
  /** Left out where the web config has no TLS. */
  readonly tls?: TlsSource;
}

interface Parts {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * @returns null without a web config
 * @throws WatchdogError CONFIG_UNREADABLE, CONFIG_UNSAFE, CONFIG_INVALID
 */
export async function openWebAccess(
  { host, webConfigFile }: DaemonConfig['metrics'],
  { clock, log }: Parts,
): Promise<WebAccess | null> {
  if (webConfigFile === null) return null;
  const web = await watchWebConfig({
    read: () => read(webConfigFile),
    clock,
    isOpen: !isLoopbackHost(host),
    onFault: (err) =>
      log.error({ err, path: webConfigFile }, 'Cannot use the web config, the earlier one stays'),
    onChange: () => log.info({ path: webConfigFile }, 'Web config read again'),
  });
  const access = createAccessControl(web, { clock, compare: compareInChild });
  const { tls } = web.current;
  const users = (): readonly string[] => Object.keys(web.current.users);
  return tls === null ? { access, users } : { access, users, tls: tlsOf(web, tls) };
}

async function read(path: string): Promise<WebConfigResult> {
  try {
    return { config: await readWebConfigInChild(path) };
  } catch (error) {
    return { error, files: [path, ...(error instanceof ConfigError ? error.envFiles : [])] };
  }
}

/** TLS is never turned on or off while we listen: the fallback `tls` is only there for the types. */
function tlsOf(web: WebConfigWatcher, tls: WebTls): TlsSource {
  return {
    current: () => web.current.tls ?? tls,
    onConnection: () => void web.refresh(),
    onChange: (listener) => void web.onChange((next) => listener(next.tls ?? tls)),
  };
}
