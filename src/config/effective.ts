// Effective config with every default in place, as `config show` prints it: secrets masked, else loadable again.
import { stringify } from 'yaml';
import type { PackageSource, ServerSpec } from '../core/model/server-spec.ts';
import { formatPythonPackage } from '../core/python/requirement.ts';
import { formatDuration, formatSize } from '../core/base/units.ts';
import { escapeReferences } from './read/env-expansion.ts';
import { formatListen } from './schema/fields.ts';
import type { DaemonConfig, LoadedConfig } from './build/loaded-config.ts';
import { maskSecrets } from './read/secrets.ts';
import { documentMap, isDocumentMap, isDocumentList } from './schema/document.ts';
import type { DocumentMap, DocumentValue } from './schema/document.ts';

/** Writes a loaded config in the keys and units of the file; variables of an envFile are under `env`. */
export function effectiveConfig({ config, servers, secrets }: LoadedConfig): DocumentMap {
  const tree = {
    ...daemonSettings(config),
    servers: documentMap(servers.map((spec) => [spec.name, serverSettings(spec)])),
  };
  return asBranch(escaped(maskSecrets(tree, secrets)));
}

export function effectiveYaml(loaded: LoadedConfig): string {
  return stringify(effectiveConfig(loaded), { lineWidth: 0, aliasDuplicateObjects: false });
}

function daemonSettings({
  metrics,
  page,
  gateway,
  sampling,
  orphans,
  schedule,
  backups,
  history,
  alerts,
}: DaemonConfig): DocumentMap {
  return {
    metrics: {
      listen: formatListen(metrics),
      allowedHosts: metrics.allowedHosts,
      webConfigFile: metrics.webConfigFile,
      otlp: metrics.otlp && { ...metrics.otlp, interval: formatDuration(metrics.otlp.interval) },
    },
    page: { actors: page.actors },
    gateway: {
      ...gateway,
      listen: gateway.listen === null ? null : formatListen(gateway.listen),
      maxBody: formatSize(gateway.maxBody),
      timeout: formatDuration(gateway.timeout),
    },
    sampling: { interval: formatDuration(sampling.interval) },
    orphans: {
      ...orphans,
      interval: formatDuration(orphans.interval),
      minimumAge: formatDuration(orphans.minimumAge),
    },
    schedule: { ...schedule },
    backups: { ...backups },
    history: history.enabled && {
      retention: formatDuration(history.retention),
      maxBytes: formatSize(history.maxBytes),
      resolution: formatDuration(history.resolution),
    },
    alerts: {
      rules: alerts.rules.flatMap(({ path, isBuiltIn }) => (isBuiltIn ? [] : [path])),
      builtIn: alerts.builtIn,
      evaluateEvery: formatDuration(alerts.evaluateEvery),
      prometheusVersion: alerts.prometheusVersion,
      repeatEvery: formatDuration(alerts.repeatEvery),
      runbookBase: alerts.runbookBase,
      notify: alerts.notify.map((channel) => ({ ...channel, timeout: formatDuration(channel.timeout) })),
      alertmanager: { url: alerts.alertmanager.url, configFile: alerts.alertmanager.configFile },
      prometheus: { ...alerts.prometheus },
      webhookToken: alerts.webhookToken,
    },
  };
}

function serverSettings(spec: ServerSpec): DocumentMap {
  return {
    ...sourceSettings(spec),
    transport: spec.transport,
    url: spec.url,
    ...(spec.transport === 'stdio' ? {} : { headers: spec.headers }),
    enabled: spec.enabled,
    dependsOn: spec.dependsOn,
    restart: restartSettings(spec.restart),
    start: { timeout: formatDuration(spec.start.timeout), when: spec.start.when },
    idle: { stopAfter: spec.idle.stopAfter === null ? null : formatDuration(spec.idle.stopAfter) },
    stop: { grace: formatDuration(spec.stop.grace) },
    probe: probeSettings(spec.probe),
    expect: { tools: spec.expect.tools, call: spec.expect.call },
    limits: limitSettings(spec.limits),
    update: {
      ...spec.update,
      minimumAge: formatDuration(spec.update.minimumAge),
      probation: formatDuration(spec.update.probation),
    },
    logs: { ...spec.logs, maxSize: formatSize(spec.logs.maxSize) },
    gateway: {
      ...spec.gateway,
      queue: { ...spec.gateway.queue, patience: formatDuration(spec.gateway.queue.patience) },
      busyGrace: formatDuration(spec.gateway.busyGrace),
    },
  };
}

/** Only the keys that mean something for this kind of source: the others are refused when read. */
function sourceSettings({ source, args, env, cwd }: ServerSpec): DocumentMap {
  switch (source.kind) {
    case 'package':
      return { ...packageSettings(source), args, env, cwd };
    case 'command':
      return { command: source.command, args, env, cwd };
    case 'url':
      return {};
    default:
      return source satisfies never;
  }
}

function restartSettings(restart: ServerSpec['restart']): DocumentMap {
  return {
    ...restart,
    initialDelay: formatDuration(restart.initialDelay),
    maxDelay: formatDuration(restart.maxDelay),
    stableAfter: formatDuration(restart.stableAfter),
    budget: restart.budget.map(({ restarts, within }) => ({ restarts, within: formatDuration(within) })),
    retryAfter: formatDuration(restart.retryAfter),
  };
}

/** Settings that only some kinds have: the others show their defaults, like everything that nobody wrote. */
const KIND_SETTINGS = { url: null, expectStatus: [200], command: [] };

function probeSettings(policy: ServerSpec['probe']): DocumentMap {
  const { kind, interval, timeout, failures, successes, deepEvery, initialDelay, onFailure, ...own } = policy;
  return {
    kind,
    interval: formatDuration(interval),
    timeout: formatDuration(timeout),
    failures,
    successes,
    deepEvery,
    initialDelay: formatDuration(initialDelay),
    onFailure,
    ...KIND_SETTINGS,
    ...own,
  };
}

function limitSettings({ memory, cpu, nice }: ServerSpec['limits']): DocumentMap {
  const size = (bytes: number | null) => (bytes === null ? null : formatSize(bytes));
  return {
    memory: { soft: size(memory.soft), hard: size(memory.hard) },
    cpu: { ...cpu, for: formatDuration(cpu.for) },
    nice,
  };
}

/** A literal `${env:X}` must not be expanded when the output is used as a config. */
function escaped(tree: DocumentValue): DocumentValue {
  if (typeof tree === 'string') return escapeReferences(tree);
  if (isDocumentList(tree)) return tree.map(escaped);
  if (!isDocumentMap(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, escaped(value)]));
}

function asBranch(tree: DocumentValue): DocumentMap {
  return isDocumentMap(tree) ? tree : {};
}

function packageSettings({ package: id, version, bin, python }: PackageSource): DocumentMap {
  if (python === undefined) return { package: id, version, bin };
  const { extras, interpreter, with: beside } = python;
  return {
    package: formatPythonPackage({ name: id, extras }),
    version,
    bin,
    python: interpreter,
    with: [...beside],
  };
}
