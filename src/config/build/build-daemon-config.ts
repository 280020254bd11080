// How the settings of the daemon itself are completed and checked.
import type { RuleDocument } from '../../core/model/alert-rules.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { isLoopbackHost, missingProtection, type WebConfig } from '../../core/model/web-config.ts';
import { resolveFrom } from './build-server.ts';
import type { DaemonConfig } from './loaded-config.ts';
import { ConfigError } from '../read/problems.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import { builtInRules, configuredRules } from './rule-files.ts';
import { configSchema } from '../schema/schema.ts';
import type { Settings } from '../schema/schema.ts';
import { isDocumentMap } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';
import { readWebConfig } from './read-web-config.ts';

interface LoadContext {
  readonly folder: string;
  readonly report: Diagnostics;
}

/** @returns null when the form of the tree is wrong, which the report then holds already */
export function buildDaemonConfig(tree: DocumentValue, { folder, report }: LoadContext): DaemonConfig | null {
  // Servers are checked elsewhere, and by far the largest part.
  const { servers: _, mcpServers: __, defaults: ___, ...own } = isDocumentMap(tree) ? tree : {};
  const { data: settings } = configSchema.safeParse(own);
  if (settings === undefined) return null;
  const { metrics, gateway, sampling, orphans, schedule, backups, alerts } = settings;
  const webConfigFile = metrics.webConfigFile === null ? null : resolveFrom(folder, metrics.webConfigFile);
  checkListeners(settings, webConfigFile, report);
  return {
    metrics: {
      ...metrics.listen,
      allowedHosts: metrics.allowedHosts.map((host) => host.toLowerCase()),
      webConfigFile,
    },
    gateway: gateway.listen,
    sampling,
    orphans,
    schedule,
    backups,
    alerts: { ...alerts, rules: rulesOf(alerts, { folder, report }) },
  };
}

function rulesOf({ rules, builtIn }: Settings['alerts'], { folder, report }: LoadContext): RuleDocument[] {
  const paths = rules.map((path) => resolveFrom(folder, path));
  return [...(builtIn ? builtInRules(report) : []), ...configuredRules(paths, report)];
}

/** What anybody in the network may reach must be protected. */
function checkListeners(
  { metrics, gateway }: Settings,
  webConfigFile: string | null,
  report: Diagnostics,
): void {
  // A file that cannot be used is complained about by itself: what it would have held is not known.
  const missing = webConfigFile === null ? 'a webConfigFile' : missingIn(readWeb(webConfigFile, report));
  if (missing !== null && !isLoopbackHost(metrics.listen.host)) {
    report.add(
      ['metrics', 'listen'],
      `is open to the network without ${missing}; listen on 127.0.0.1, or protect it, see docs/web-config.md`,
    );
  }
  if (!isLoopbackHost(gateway.listen.host))
    report.add(['gateway', 'listen'], 'is open to the network; listen on 127.0.0.1');
}

function missingIn(web: WebConfig | null): string | null {
  return web === null ? null : missingProtection(web);
}

/** Null when it cannot be used, which the report then holds. */
function readWeb(file: string, report: Diagnostics): WebConfig | null {
  // A certificate that was renewed is looked at again as the config is.
  report.envFiles.add(file);
  try {
    const web = readWebConfig(file);
    for (const path of web.files) report.envFiles.add(path);
    report.warnings.push(...web.warnings);
    return web;
  } catch (error) {
    if (error instanceof ConfigError) report.include(error);
    else if (error instanceof WatchdogError)
      report.add(WEB_CONFIG, `cannot be used: ${error.message}`, {
        cure: error.code === 'CONFIG_UNSAFE' ? error.hint : 'make the file, or remove webConfigFile',
        isHidden: true,
      });
    else throw error;
    return null;
  }
}

const WEB_CONFIG: KeyPath = ['metrics', 'webConfigFile'];
