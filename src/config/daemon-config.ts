// How the settings of the daemon itself are completed and checked.
import { isIPv4 } from 'node:net';
import { resolveFrom } from './build-server.ts';
import type { Listen } from './fields.ts';
import { inactiveKeys } from './inactive.ts';
import type { DaemonConfig } from './loaded.ts';
import type { Report } from './report.ts';
import { configSchema } from './schema.ts';
import type { Settings } from './schema.ts';
import { isBranch } from './tree.ts';
import type { Tree } from './tree.ts';

interface Surroundings {
  readonly folder: string;
  readonly report: Report;
}

/** @returns null when the form of the tree is wrong, which the report then holds already */
export function buildDaemonConfig(tree: Tree, { folder, report }: Surroundings): DaemonConfig | null {
  // Servers are checked elsewhere, and by far the largest part.
  const { servers: _, mcpServers: __, defaults: ___, ...own } = isBranch(tree) ? tree : {};
  const { data: settings } = configSchema.safeParse(own);
  if (settings === undefined) return null;
  checkListeners(settings, tree, report);
  const { metrics, gateway, sampling, schedule, alerts } = settings;
  return {
    metrics: {
      ...metrics.listen,
      allowedHosts: metrics.allowedHosts.map((host) => host.toLowerCase()),
      webConfigFile: metrics.webConfigFile === null ? null : resolveFrom(folder, metrics.webConfigFile),
    },
    gateway: gateway.listen,
    sampling,
    schedule,
    alerts: { ...alerts, rules: alerts.rules.map((path) => resolveFrom(folder, path)) },
  };
}

/** What anybody in the network may reach must be protected, and nothing protects it before webConfigFile works. */
function checkListeners({ metrics, gateway }: Settings, tree: Tree, report: Report): void {
  const isProtected = metrics.webConfigFile !== null && !inactiveKeys(tree).includes('metrics.webConfigFile');
  if (!isLoopback(metrics.listen) && !isProtected) {
    const missing =
      metrics.webConfigFile === null ? 'without webConfigFile' : 'while webConfigFile is not active yet';
    report.add(
      ['metrics', 'listen'],
      `is open to the network ${missing}; listen on 127.0.0.1, and let others in through a tunnel or a proxy`,
    );
  }
  if (!isLoopback(gateway.listen))
    report.add(['gateway', 'listen'], 'is open to the network; listen on 127.0.0.1');
}

function isLoopback({ host }: Listen): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
