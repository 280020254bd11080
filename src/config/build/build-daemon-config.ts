// DaemonConfig of a config file: the settings of the watchdog itself, completed and checked.
import { createRequire } from 'node:module';
import { OTLP_INSTALL, OTLP_PACKAGE } from '../../core/metrics/otlp-package.ts';
import type { RuleDocument } from '../../core/model/alert-rules.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { isLoopbackHost, missingProtection, type WebConfig } from '../../core/model/web-config.ts';
import { resolveFrom } from './build-server.ts';
import type { DaemonConfig } from './loaded-config.ts';
import { ConfigError } from '../read/problems.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import { builtInRules, configuredRules } from './rule-files.ts';
import { unknownMetricWarnings } from './unknown-metrics.ts';
import { readAlertmanagerFile } from './alertmanager-config.ts';
import { SHIPPED_ROUTING } from '../../core/notification/shipped-routing.ts';
import { configSchema } from '../schema/schema.ts';
import type { Settings } from '../schema/schema.ts';
import { isDocumentMap, valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';
import { readWebConfig } from './read-web-config.ts';

interface LoadContext {
  readonly folder: string;
  readonly diagnostics: Diagnostics;
}

/** @returns null when the form of the document is wrong, which is reported already */
export function buildDaemonConfig(
  tree: DocumentValue,
  { folder, diagnostics }: LoadContext,
): DaemonConfig | null {
  // Servers are checked elsewhere, and are by far the largest part.
  const { servers: _, mcpServers: __, defaults: ___, ...own } = isDocumentMap(tree) ? tree : {};
  const { data: settings } = configSchema.safeParse(own);
  if (settings === undefined) return null;
  const { metrics, page, gateway, sampling, orphans, schedule, backups, history, alerts } = settings;
  const webConfigFile = metrics.webConfigFile === null ? null : resolveFrom(folder, metrics.webConfigFile);
  checkListeners(settings, webConfigFile, diagnostics);
  if (metrics.otlp !== null && !hasOtlpPackage())
    diagnostics.add(['metrics', 'otlp'], `needs the package ${OTLP_PACKAGE}; ${OTLP_INSTALL}`);
  return {
    metrics: {
      ...metrics.listen,
      allowedHosts: metrics.allowedHosts.map((host) => host.toLowerCase()),
      webConfigFile,
      otlp: metrics.otlp,
    },
    page,
    gateway: {
      ...gateway,
      allowedHosts: gateway.allowedHosts.map((host) => host.toLowerCase()),
      allowedOrigins: gateway.allowedOrigins.map((origin) => origin.toLowerCase()),
      tokenFile: gateway.tokenFile === null ? null : resolveFrom(folder, gateway.tokenFile),
    },
    sampling,
    orphans,
    schedule,
    backups,
    history: history === false ? NO_HISTORY : { enabled: true, ...history },
    alerts: alertsOf(alerts, own, { folder, diagnostics }),
  };
}

const NO_HISTORY: DaemonConfig['history'] = { enabled: false, retention: 0, maxBytes: 0, resolution: 0 };

/** Beside the watchdog or above it: where a global installation puts both. */
function hasOtlpPackage(): boolean {
  try {
    createRequire(import.meta.url).resolve(OTLP_PACKAGE);
    return true;
  } catch {
    return false;
  }
}

function alertsOf(
  alerts: Settings['alerts'],
  tree: DocumentValue,
  context: LoadContext,
): DaemonConfig['alerts'] {
  const { url, configFile: written } = alerts.alertmanager;
  const configFile = written === null ? null : resolveFrom(context.folder, written);
  const read = configFile === null ? null : readAlertmanagerFile(configFile, context.diagnostics);
  const routing = read ?? SHIPPED_ROUTING;
  const { critical, warning } = routing.repeatInterval;
  const isRepeatSet = valueAt(tree, ['alerts', 'repeatEvery']) !== undefined;
  return {
    ...alerts,
    rules: rulesOf(alerts, context),
    repeatEvery: read === null || isRepeatSet ? alerts.repeatEvery : Math.min(critical, warning),
    alertmanager: { url, configFile, routing },
  };
}

function rulesOf(
  { rules, builtIn, prometheusVersion }: Settings['alerts'],
  { folder, diagnostics }: LoadContext,
): RuleDocument[] {
  const paths = rules.map((path) => resolveFrom(folder, path));
  const own = configuredRules(paths, diagnostics, prometheusVersion);
  const shipped = builtInRules(diagnostics);
  // Rules of one's own may read what the shipped ones record, also where a Prometheus alone evaluates those.
  if (own.length > 0)
    diagnostics.warnings.push(...unknownMetricWarnings([...shipped, ...own], prometheusVersion));
  return [...(builtIn ? shipped : []), ...own];
}

/** Refuses a listener that the network can reach and nothing protects. */
function checkListeners(
  { metrics, gateway }: Settings,
  webConfigFile: string | null,
  diagnostics: Diagnostics,
): void {
  // A file that cannot be used is reported by itself: what it would have held is unknown.
  const missing = webConfigFile === null ? 'a webConfigFile' : missingIn(readWeb(webConfigFile, diagnostics));
  if (missing !== null && !isLoopbackHost(metrics.listen.host)) {
    diagnostics.add(
      ['metrics', 'listen'],
      `is open to the network without ${missing}; listen on 127.0.0.1, or protect it, see docs/web-config.md`,
    );
  }
  if (gateway.listen !== null && !isLoopbackHost(gateway.listen.host))
    diagnostics.add(['gateway', 'listen'], 'is open to the network; listen on 127.0.0.1');
}

function missingIn(web: WebConfig | null): string | null {
  return web === null ? null : missingProtection(web);
}

/** Reads the web config; null when it cannot be used, which is reported then. */
function readWeb(file: string, diagnostics: Diagnostics): WebConfig | null {
  // A renewed certificate is read again as the config is.
  diagnostics.envFiles.add(file);
  try {
    const web = readWebConfig(file);
    for (const path of web.files) diagnostics.envFiles.add(path);
    diagnostics.warnings.push(...web.warnings);
    return web;
  } catch (error) {
    if (error instanceof ConfigError) diagnostics.include(error);
    else if (error instanceof WatchdogError)
      diagnostics.add(WEB_CONFIG, `cannot be used: ${error.message}`, {
        cure: error.code === 'CONFIG_UNSAFE' ? error.hint : 'make the file, or remove webConfigFile',
        isHidden: true,
      });
    else throw error;
    return null;
  }
}

const WEB_CONFIG: KeyPath = ['metrics', 'webConfigFile'];
