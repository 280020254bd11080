// Context of a healthy installation for the checks, with changes by a test.
import { chmodSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../../src/config/read/problems.ts';
import type { LoadedConfig } from '../../src/config/build/loaded-config.ts';
import type { DaemonStatus, ServerStatus } from '../../src/core/model/status.ts';
import type { Finding } from '../../src/doctor/check.ts';
import type { DaemonAnswer, DoctorContext } from '../../src/doctor/context.ts';
import type { Machine } from '../../src/service/shared/machine.ts';
import type { ServiceManager, ServiceState } from '../../src/service/shared/service-manager.ts';
import { loadConfig, readConfig } from '../../src/config/load.ts';
import { WatchdogError } from '../../src/core/base/errors.ts';
import { NOW, serverStatus, status } from '../fakes/status.ts';
import { tempHome } from '../fakes/temp-home.ts';

export { NOW };

export const MACHINE: Machine = {
  isExecutable: () => true,
  isFile: () => true,
  isFolder: () => true,
  isWritable: () => true,
  realpath: (path) => path,
  list: () => [],
  nodeVersion: () => '24.1.0',
};

const CONFIG = 'metrics: {listen: "127.0.0.1:9638"}\nservers: {a: {command: [x]}}';

export function loaded(text = CONFIG): LoadedConfig {
  return readConfig(text, { path: '/home/ada/.mcp-watchdog/config.yaml', environment: {} });
}

export function refused(text: string): DoctorContext['config'] {
  try {
    return { kind: 'valid', loaded: loaded(text) };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'invalid', error };
    throw error;
  }
}

/** The answer for a file that cannot be read. */
export function unread(path: string): DoctorContext['config'] {
  try {
    return { kind: 'valid', loaded: loadConfig(path, {}) };
  } catch (error) {
    if (error instanceof WatchdogError) return { kind: 'invalid', error };
    throw error;
  }
}

export function running(
  change: Partial<DaemonStatus> = {},
  { took = 3, servers = [serverStatus()] }: { took?: number; servers?: ServerStatus[] } = {},
): DoctorContext['daemon'] {
  const answer: DaemonAnswer = { kind: 'running', status: status(servers, change), took };
  return () => Promise.resolve(answer);
}

export const UNIT = `[Service]
ExecStart=/usr/bin/node "/opt/mcp watchdog/dist/cli.js" run
Environment="MCP_WATCHDOG_HOME=/h"
`;

export function serviceOf(
  change: Partial<ServiceManager> = {},
  state: Partial<ServiceState> = {},
  home: string | null = null,
): (context: DoctorContext) => DoctorContext['service'] {
  return ({ paths }) => ({
    home: home ?? paths.home,
    plan: () => ({
      plan: { node: '/usr/bin/node', program: '/p/cli.js', home: '/h', path: [], userHome: '/home/ada' },
      warnings: [],
    }),
    manager: {
      kind: 'systemd',
      file: '/home/ada/.config/systemd/user/mcp-watchdog.service',
      logHint: '',
      render: () => UNIT,
      read: () => UNIT,
      install: () => Promise.reject(new Error('not here')),
      uninstall: () => Promise.reject(new Error('not here')),
      start: () => Promise.reject(new Error('not here')),
      stop: () => Promise.reject(new Error('not here')),
      restart: () => Promise.reject(new Error('not here')),
      state: () =>
        Promise.resolve({
          isInstalled: true,
          isLoaded: true,
          isEnabled: true,
          pid: 4000,
          detail: null,
          ...state,
        }),
      ...change,
    },
  });
}

export function healthy(change: Partial<DoctorContext> = {}): DoctorContext {
  const paths = tempHome();
  writeFileSync(paths.config, CONFIG, { mode: 0o600 });
  chmodSync(paths.home, 0o700);
  const context: DoctorContext = {
    paths,
    version: '0.1.0',
    now: NOW,
    platform: 'linux',
    uid: process.getuid?.() ?? 0,
    userHome: '/home/ada',
    env: { PATH: process.env['PATH'] },
    node: { path: process.execPath, version: '24.1.0' },
    config: { kind: 'valid', loaded: loaded() },
    service: null,
    machine: MACHINE,
    daemon: running(),
    journal: () => Promise.resolve([]),
    processes: () =>
      Promise.resolve([
        {
          pid: 4001,
          ppid: 4000,
          pgid: 4001,
          state: 'alive',
          startToken: '1',
          residentBytes: 0,
          cpuSeconds: 0,
          threads: 1,
        },
      ]),
    commandOf: () => Promise.resolve('/bin/sh -c while read -r order group; do'),
    whoListens: () => Promise.resolve(null),
    orphans: () => Promise.resolve([]),
    clientUses: () => [],
    copies: () => Promise.resolve([]),
    channels: () => Promise.resolve([]),
    alertmanagerConfig: () => Promise.resolve(null),
    freeSpace: () => Promise.resolve(50 * 1024 ** 3),
    packageName: 'mcp-watchdog',
    newerRelease: () => Promise.resolve({ kind: 'newest' }),
    programs: () => [],
    folderWarnings: () => [],
    notInService: () => [],
    run: ([file]) =>
      Promise.resolve({
        code: 0,
        stdout: file === process.execPath ? '11.1.0\n' : 'yes\n',
        stderr: '',
        spawnError: null,
      }),
  };
  const service = serviceOf()(context);
  return { ...context, service, ...change };
}

export function worst(findings: readonly Finding[]): Finding['status'] {
  const order = ['problem', 'warning', 'unknown', 'ok'] as const;
  return order.find((status) => findings.some((finding) => finding.status === status)) ?? 'ok';
}
