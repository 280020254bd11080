// ServerSpec of one server, with the checks that need more than one key.
import { join, resolve } from 'node:path';
import { parsePackageRef } from '../../core/model/package.ts';
import { pythonWishKind, wishCure } from '../../core/python/requirement.ts';
import type { GatewayPolicy } from '../../core/model/gateway-policy.ts';
import type { ProbePolicy } from '../../core/model/probe-policy.ts';
import type { LimitPolicy, ServerSpec, Source, Transport } from '../../core/model/server-spec.ts';
import { userHome } from '../../system/files/paths.ts';
import type { ServerSettings } from '../schema/server-schema.ts';
import { isSet, valueAt } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export interface ServerDeclaration {
  readonly name: string;
  /** Checked, defaults filled in. */
  readonly settings: ServerSettings;
  /** As written below this server's name. */
  readonly own: DocumentValue;
  /** The same, merged over the file's `defaults`. */
  readonly merged: DocumentValue;
}

export interface BuildContext {
  /** Folder of the config file: relative paths start there. */
  readonly folder: string;
  /** `path` starts below the server's name; `reason` may hold `; cure`. */
  readonly complain: (path: KeyPath, reason: string) => void;
  /** @returns the variables of an envFile; empty when it cannot be used, which is reported */
  readonly readEnv: (path: string) => Readonly<Record<string, string>>;
}

/** @returns null when nothing usable comes out, which is reported then */
export function buildServer(
  written: ServerDeclaration,
  { folder, complain, readEnv }: BuildContext,
): ServerSpec | null {
  const { name, settings, own, merged } = written;
  const source = sourceOf(settings, complain);
  if (source === null) return null;
  complainAboutIdleKeys(source.kind, own, complain);
  complainAboutPythonKeys(source, own, complain);
  complainAboutPlannedRestarts(source.kind, own, complain);
  complainAboutOnDemand(settings, source.kind, complain);
  const transport = transportOf(written, source.kind, complain);
  complainAboutProbe(settings, complain);
  complainAboutMoreProcesses(written, transport, complain);
  const fileEnv = settings.envFile === null ? {} : readEnv(resolveFrom(folder, settings.envFile));
  return {
    name,
    source,
    transport,
    url: transport === 'stdio' ? null : settings.url,
    headers: transport === 'stdio' ? {} : settings.headers,
    enabled: settings.enabled,
    args: settings.args,
    env: { ...fileEnv, ...settings.env },
    cwd: settings.cwd === null ? null : resolveFrom(folder, settings.cwd),
    dependsOn: [...new Set(settings.dependsOn)],
    restart: restartOf(written, { folder, complain }),
    start: settings.start,
    idle: settings.idle,
    stop: settings.stop,
    probe: probeOf(settings.probe),
    expect: settings.expect,
    limits: limitsOf(settings, merged, complain),
    update: settings.update,
    logs: settings.logs,
    gateway: gatewayOf(written, { kind: source.kind, transport }),
  };
}

/** A server that is started by its clients must be one that clients reach through the gateway. */
function complainAboutOnDemand(
  { start, idle, gateway }: ServerSettings,
  kind: Source['kind'],
  complain: Complain,
): void {
  const key: (string | number)[] | null =
    start.when === 'first-use' ? ['start', 'when'] : idle.stopAfter === null ? null : ['idle', 'stopAfter'];
  if (key === null) return;
  if (kind === 'url') complain(key, 'has no meaning for a server that is only watched; remove it');
  else if (gateway.mode === 'off')
    complain(key, 'needs the gateway, which tells when somebody uses the server; remove gateway.mode: off');
}

/** More processes than one need to be of no one's way: what has a port of its own cannot run twice. */
function complainAboutMoreProcesses(
  { settings: { gateway, probe }, own }: ServerDeclaration,
  transport: Transport,
  complain: Complain,
): void {
  const isOwn = (key: string): boolean => isSet(own, ['gateway', key]);
  const isPerSession = gateway.mode === 'per-session';
  const hasPort = transport !== 'stdio' || probe.kind === 'http';
  if (isPerSession && transport !== 'stdio' && isOwn('mode'))
    complain(
      ['gateway', 'mode'],
      `is per-session, which needs a server over stdio, not ${transport}; use shared`,
    );
  if (!gateway.spare || !isOwn('spare')) return;
  if (hasPort)
    complain(['gateway', 'spare'], 'needs a server over stdio without a port of its own; remove it');
  else if (isPerSession)
    complain(['gateway', 'spare'], 'has no meaning with mode per-session; keep one of them');
}

/** Makes a path absolute: `~/x` is in the user's home folder, anything else relative starts at `folder`. */
export function resolveFrom(folder: string, path: string): string {
  return path === '~' || path.startsWith('~/') ? join(userHome(), path.slice(1)) : resolve(folder, path);
}

type Complain = BuildContext['complain'];

function sourceOf(settings: ServerSettings, complain: Complain): Source | null {
  const { package: packageName, command, url } = settings;
  if (packageName !== null && command !== null) {
    complain([], 'has both package and command; keep the one that is meant');
    return null;
  }
  if (packageName !== null) return packageOf(packageName, settings, complain);
  if (command !== null) return commandOf(command, settings, complain);
  if (url !== null) return { kind: 'url' };
  complain(
    [],
    'has neither package, command nor url; write package: NAME to install one from npm, or package: pypi:NAME',
  );
  return null;
}

function packageOf(
  written: string,
  { version, bin, python, with: beside, update }: ServerSettings,
  complain: Complain,
): Source {
  const { manager, package: id, extras = [] } = parsePackageRef(written);
  const source = { kind: 'package', manager, package: id, version, bin } as const;
  if (manager !== 'pypi') return source;
  if (pythonWishKind(version) === null)
    complain(['version'], `is no version of a Python package; write ${wishCure(version)}`);
  const { range } = update;
  if (pythonWishKind(range) !== 'range')
    complain(['update', 'range'], `is no range of a Python package; write ${wishCure(range)}`);
  return { ...source, python: { extras, interpreter: python, with: beside } };
}

/** Accepts one text too, as MCP clients write it: the program alone, its arguments in `args`. */
function commandOf(command: string | string[], { args }: ServerSettings, complain: Complain): Source | null {
  const [program, ...rest] = typeof command === 'string' ? [command] : command;
  if (program === undefined) return null;
  // A path may hold spaces, but then the arguments are in `args`.
  const isLine =
    typeof command === 'string' && /\s/.test(command) && !(command.startsWith('/') && args.length > 0);
  if (!isLine) return { kind: 'command', command: [program, ...rest] };
  const words = program
    .trim()
    .split(/\s+/)
    .map((word) => JSON.stringify(word));
  complain(['command'], `must be a list, no shell takes it apart; write it as a list: [${words.join(', ')}]`);
  return null;
}

function transportOf(
  { settings, own }: ServerDeclaration,
  kind: Source['kind'],
  complain: Complain,
): Transport {
  const { transport: named, type, url } = settings;
  const alias = type === 'streamable-http' ? 'http' : type;
  if (named !== undefined && alias !== undefined && named !== alias) {
    complain(['type'], `says ${alias} where transport says ${named}; keep one of them`);
  }
  const transport = named ?? alias ?? (url === null ? 'stdio' : 'http');
  if (transport === 'stdio') complainAboutStdio(settings, own, { kind, complain });
  else if (url === null) {
    complain(
      ['transport'],
      `is ${transport} without a url; write its endpoint, like url: http://127.0.0.1:3000/mcp`,
    );
  }
  return transport;
}

interface StdioContext {
  readonly kind: Source['kind'];
  readonly complain: Complain;
}

function complainAboutStdio(
  { url }: ServerSettings,
  own: DocumentValue,
  { kind, complain }: StdioContext,
): void {
  if (url !== null) {
    const reason = kind === 'url' ? 'is stdio, which needs a program to start' : 'is stdio, which has no url';
    complain(['transport'], `${reason}; write transport: http, or remove the url`);
  }
  if (!isEmpty(valueAt(own, ['headers']))) {
    complain(['headers'], 'have no meaning for a stdio server; put secrets into env');
  }
}

/**
 * Completes the mode. A server that is only watched takes part when it is asked for by name: the credentials of the config
 * would serve every program of this machine.
 */
function gatewayOf(
  { settings: { gateway }, own }: ServerDeclaration,
  { kind, transport }: { readonly kind: Source['kind']; readonly transport: Transport },
): GatewayPolicy {
  const isLeftOut = transport === 'sse' || (kind === 'url' && !isSet(own, ['gateway', 'mode']));
  // From `defaults` it may reach a server that cannot run twice.
  const wanted = transport !== 'stdio' && gateway.mode === 'per-session' ? 'shared' : gateway.mode;
  return { ...gateway, mode: isLeftOut ? 'off' : (wanted ?? 'shared') };
}

/** The kinds of source that a key applies to. Elsewhere it is a mistake in a server, but not in `defaults`. */
const APPLIES_TO: Readonly<Record<string, readonly Source['kind'][]>> = {
  version: ['package'],
  bin: ['package'],
  python: ['package'],
  with: ['package'],
  args: ['package', 'command'],
  env: ['package', 'command'],
  envFile: ['package', 'command'],
  cwd: ['package', 'command'],
};

function complainAboutIdleKeys(kind: Source['kind'], own: DocumentValue, complain: Complain): void {
  for (const [key, kinds] of Object.entries(APPLIES_TO)) {
    if (kinds.includes(kind) || isEmpty(valueAt(own, [key]))) continue;
    complain([key], `has a meaning only with ${kinds.join(' or ')}; remove it`);
  }
}

function complainAboutPythonKeys(source: Source, own: DocumentValue, complain: Complain): void {
  if (source.kind !== 'package' || source.python !== undefined) return;
  for (const key of ['python', 'with']) {
    if (!isEmpty(valueAt(own, [key])))
      complain([key], 'has a meaning only with package: pypi:NAME; remove it');
  }
}

/** What only has a url has no process to restart. */
function complainAboutPlannedRestarts(kind: Source['kind'], own: DocumentValue, complain: Complain): void {
  if (kind !== 'url') return;
  for (const key of ['watch', 'at']) {
    if (isEmpty(valueAt(own, ['restart', key]))) continue;
    complain(['restart', key], 'has no meaning for a server that only has a url; remove it');
  }
}

function isEmpty(value: DocumentValue | undefined): boolean {
  return (
    value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

/** Keeps the settings that the kind has; those of others mean nothing. */
function probeOf({ kind, url, expectStatus, command, ...schedule }: ServerSettings['probe']): ProbePolicy {
  switch (kind) {
    case 'mcp':
      return { kind, ...schedule };
    case 'http':
      return { kind, ...schedule, url, expectStatus };
    case 'exec':
      return { kind, ...schedule, command };
    default:
      return kind satisfies never;
  }
}

function complainAboutProbe({ probe, url, expect }: ServerSettings, complain: Complain): void {
  if (probe.kind === 'http' && probe.url === null && url === null) {
    complain(['probe', 'url'], 'is missing for probe kind http; write the url to GET');
  }
  if (probe.kind !== 'mcp' && (expect.tools !== null || expect.call !== null)) {
    complain(['expect'], `has a meaning only with probe kind mcp, not ${probe.kind}; remove it`);
  }
  if (probe.kind === 'exec' && probe.command.length === 0) {
    complain(['probe', 'command'], 'is missing for probe kind exec; write the program to run as a list');
  }
}

function restartOf(
  { settings: { restart }, merged }: ServerDeclaration,
  { folder, complain }: Pick<BuildContext, 'folder' | 'complain'>,
): ServerSpec['restart'] {
  const [initialDelay, maxDelay] = inOrder(
    {
      low: restart.initialDelay,
      high: restart.maxDelay,
      at: ['restart'],
      keys: ['initialDelay', 'maxDelay'],
    },
    { merged, complain },
  );
  const watch = [...new Set(restart.watch.map((path) => resolveFrom(folder, path)))];
  return { ...restart, watch, initialDelay: initialDelay ?? 0, maxDelay: maxDelay ?? 0 };
}

function limitsOf({ limits }: ServerSettings, merged: DocumentValue, complain: Complain): LimitPolicy {
  const limit = (kind: 'memory' | 'cpu') => {
    const { soft, hard } = limits[kind];
    return inOrder(
      { low: soft, high: hard, at: ['limits', kind], keys: ['soft', 'hard'] },
      { merged, complain },
    );
  };
  const [memorySoft, memoryHard] = limit('memory');
  const [cpuSoft, cpuHard] = limit('cpu');
  return {
    memory: { soft: memorySoft, hard: memoryHard },
    cpu: { soft: cpuSoft, hard: cpuHard, for: limits.cpu.for },
    nice: limits.nice,
  };
}

interface Pair {
  readonly low: number | null;
  readonly high: number | null;
  readonly at: KeyPath;
  readonly keys: readonly [low: string, high: string];
}

/** Resolves two settings in the wrong order: the one left at its default follows the other; when both were written it is a mistake. */
function inOrder(
  { low, high, at, keys: [lowKey, highKey] }: Pair,
  { merged, complain }: { merged: DocumentValue; complain: Complain },
): [number | null, number | null] {
  if (low === null || high === null || low <= high) return [low, high];
  if (!isSet(merged, [...at, lowKey])) return [high, high];
  if (!isSet(merged, [...at, highKey])) return [low, low];
  complain([...at, lowKey], `is above ${highKey}; make it smaller`);
  return [low, high];
}
