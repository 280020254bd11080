// How the servers of a config file become ServerSpecs: defaults below, envFiles beside, dependencies between.
import { basename } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { buildServer } from './build-server.ts';
import { findCycles } from './dependencies.ts';
import { parseEnvFile } from '../read/env-file.ts';
import { mergeDefaults } from './merge.ts';
import { npxAdvice } from './npx.ts';
import { readSecureFile } from '../read/secure-file.ts';
import { formatPath, formatValue } from '../read/problems.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import { serverSchema } from '../schema/server-schema.ts';
import { isDocumentMap } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export interface LoadContext {
  readonly folder: string;
  readonly report: Diagnostics;
  /** Where an envFile is read instead of at its own path. */
  readonly locate?: ((file: string) => string) | undefined;
}

/** Servers whose form is already complained about are left out. */
export function buildServers(tree: DocumentValue, { folder, report, locate }: LoadContext): ServerSpec[] {
  const key = isDocumentMap(tree) && 'mcpServers' in tree ? 'mcpServers' : 'servers';
  const written = isDocumentMap(tree) ? tree[key] : undefined;
  const defaults = isDocumentMap(tree) ? (tree['defaults'] ?? {}) : {};
  const servers: ServerSpec[] = [];
  const readEnv = envReader(report, locate);
  for (const [name, own] of Object.entries(isDocumentMap(written) ? written : {})) {
    const merged = mergeDefaults(defaults, own);
    const { data: settings } = serverSchema.safeParse(merged);
    if (settings === undefined) continue;
    const at = (path: KeyPath) => [key, name, ...path];
    const spec = buildServer(
      { name, settings, own, merged },
      {
        folder,
        complain: (path, reason) => report.add(at(path), reason),
        readEnv: (file) => readEnv(file, at(['envFile'])),
      },
    );
    if (spec === null) continue;
    servers.push(spec);
    adviseAgainstNpx(spec, (sentence) => report.warn(at(['command']), sentence));
  }
  checkDependencies(servers, { key, names: isDocumentMap(written) ? Object.keys(written) : [], report });
  return servers;
}

function adviseAgainstNpx({ source, args }: ServerSpec, warn: (sentence: string) => void): void {
  const advice = source.kind === 'command' ? npxAdvice([...source.command, ...args]) : null;
  if (advice !== null) warn(advice);
}

interface Names {
  readonly key: string;
  readonly names: readonly string[];
  readonly report: Diagnostics;
}

function checkDependencies(servers: readonly ServerSpec[], { key, names, report }: Names): void {
  const known = new Set(names);
  for (const { name, dependsOn } of servers) {
    for (const [index, other] of dependsOn.entries()) {
      if (known.has(other)) continue;
      const reason = `names ${formatValue(other)}, which is no server of this file`;
      report.add([key, name, 'dependsOn', index], reason, { cure: meant(other, names), isHidden: true });
    }
  }
  for (const cycle of findCycles(new Map(servers.map(({ name, dependsOn }) => [name, dependsOn])))) {
    const path = [key, cycle[0] ?? '', 'dependsOn'];
    report.add(path, `makes a circle: ${cycle.join(' -> ')}; remove one of these dependencies`, {
      isHidden: true,
    });
  }
}

function meant(name: string, names: readonly string[]): string {
  const near = suggestSpelling(name, names);
  return near === null ? 'name one, or remove it' : `did you mean ${near}?`;
}

/** Each file is read once, however many servers name it. */
function envReader(report: Diagnostics, locate: LoadContext['locate'] = (file) => file) {
  const read = new Map<string, Readonly<Record<string, string>>>();
  return (file: string, path: KeyPath): Readonly<Record<string, string>> => {
    report.envFiles.add(file);
    const known = read.get(file) ?? readEnvFile(locate(file), { path, report });
    read.set(file, known);
    return known;
  };
}

function readEnvFile(
  file: string,
  { path, report }: { path: KeyPath; report: Diagnostics },
): Readonly<Record<string, string>> {
  try {
    const { env, faults, unexpanded } = parseEnvFile(readSecureFile(file).text);
    for (const { line, reason } of faults)
      report.addElsewhere({ file, line, path: formatPath(path), reason });
    for (const line of unexpanded) {
      report.warn(
        path,
        `has a $ in line ${line} of ${basename(file)}, which is taken literally; nothing is expanded there`,
      );
    }
    return env;
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    const isMissing = error.code === 'CONFIG_UNREADABLE';
    const cure = isMissing ? 'make the file, or remove envFile' : error.hint;
    report.add(path, `cannot be used: ${lowerFirst(error.message)}`, { cure, isHidden: true });
    return {};
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
