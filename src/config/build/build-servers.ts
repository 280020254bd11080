// ServerSpecs of a config file: `defaults` merged in, envFiles read, dependencies checked.
import { basename } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import { buildServer } from './build-server.ts';
import { runnerAdvice } from './runner-advice.ts';
import { shellWordWarnings } from './shell-words.ts';
import { parseEnvFile } from '../read/env-file.ts';
import { readSecureFile } from '../read/secure-file.ts';
import { formatPath, formatValue } from '../read/problems.ts';
import type { Diagnostics } from '../read/diagnostics.ts';
import { serverSchema } from '../schema/server-schema.ts';
import { documentMap, isDocumentMap } from '../schema/document.ts';
import type { KeyPath, DocumentValue } from '../schema/document.ts';

export interface LoadContext {
  readonly folder: string;
  readonly diagnostics: Diagnostics;
  /** Where an envFile is read instead of at its own path. */
  readonly locate?: ((file: string) => string) | undefined;
}

/** Builds all servers; those with mistakes in their form, which are reported elsewhere, are left out. */
export function buildServers(
  tree: DocumentValue,
  { folder, diagnostics, locate }: LoadContext,
): ServerSpec[] {
  const key = isDocumentMap(tree) && 'mcpServers' in tree ? 'mcpServers' : 'servers';
  const written = isDocumentMap(tree) ? tree[key] : undefined;
  const defaults = isDocumentMap(tree) ? (tree['defaults'] ?? {}) : {};
  const servers: ServerSpec[] = [];
  const readEnv = envReader(diagnostics, locate);
  for (const [name, own] of Object.entries(isDocumentMap(written) ? written : {})) {
    const merged = mergeDefaults(defaults, own);
    const { data: settings } = serverSchema.safeParse(merged);
    if (settings === undefined) continue;
    const at = (path: KeyPath) => [key, name, ...path];
    const spec = buildServer(
      { name, settings, own, merged },
      {
        folder,
        complain: (path, reason) => diagnostics.add(at(path), reason),
        readEnv: (file) => readEnv(file, at(['envFile'])),
      },
    );
    if (spec === null) continue;
    servers.push(spec);
    for (const { path, sentence } of shellWordWarnings(spec)) diagnostics.warn(at(path), sentence);
    const advice = runnerAdvice(spec);
    if (advice !== null) diagnostics.warn(at(['command']), advice);
  }
  checkDependencies(servers, { key, names: isDocumentMap(written) ? Object.keys(written) : [], diagnostics });
  return servers;
}

/** Merges maps key by key; anything else, lists included, is replaced by what the server says. */
function mergeDefaults(defaults: DocumentValue, own: DocumentValue): DocumentValue {
  if (!isDocumentMap(defaults) || !isDocumentMap(own)) return own;
  const merged = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(own)) {
    const below = merged.get(key);
    merged.set(key, below === undefined ? value : mergeDefaults(below, value));
  }
  return documentMap(merged);
}

interface DependencyContext {
  readonly key: string;
  readonly names: readonly string[];
  readonly diagnostics: Diagnostics;
}

function checkDependencies(
  servers: readonly ServerSpec[],
  { key, names, diagnostics }: DependencyContext,
): void {
  const known = new Set(names);
  for (const { name, dependsOn } of servers) {
    for (const [index, other] of dependsOn.entries()) {
      if (known.has(other)) continue;
      const reason = `names ${formatValue(other)}, which is no server of this file`;
      diagnostics.add([key, name, 'dependsOn', index], reason, {
        cure: spelling(other, names),
        isHidden: true,
      });
    }
  }
  for (const cycle of findCycles(new Map(servers.map(({ name, dependsOn }) => [name, dependsOn])))) {
    const path = [key, cycle[0] ?? '', 'dependsOn'];
    diagnostics.add(path, `makes a circle: ${cycle.join(' -> ')}; remove one of these dependencies`, {
      isHidden: true,
    });
  }
}

/** Names by the names they depend on; names that are not keys are ignored. */
type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Nobody fixes more at once, and each one costs a pass over all names. */
const MOST_CYCLES = 20;

/** Finds each circle once, its first name repeated at the end: `[['a', 'b', 'a']]`. Iterative: a chain may be long. */
function findCycles(dependencies: Dependencies): string[][] {
  const left = new Map(
    [...dependencies].map(([name, on]) => [name, on.filter((other) => dependencies.has(other))]),
  );
  const cycles: string[][] = [];
  for (;;) {
    dropAcyclic(left);
    const [start] = left.keys();
    if (start === undefined || cycles.length === MOST_CYCLES) return cycles;
    const cycle = walkCycle(start, left);
    cycles.push(cycle);
    for (const name of cycle) left.delete(name);
  }
}

/** Removes what depends, through any number of steps, on nothing that is left. */
function dropAcyclic(left: Map<string, string[]>): void {
  const dependants = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [name, on] of left) {
    const waiting = on.filter((other) => left.has(other));
    open.set(name, waiting.length);
    for (const other of waiting) dependants.set(other, [...(dependants.get(other) ?? []), name]);
  }
  const free = [...left.keys()].filter((name) => open.get(name) === 0);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    left.delete(name);
    for (const dependant of dependants.get(name) ?? []) {
      const rest = (open.get(dependant) ?? 0) - 1;
      open.set(dependant, rest);
      if (rest === 0) free.push(dependant);
    }
  }
}

/** After `dropAcyclic` every name leads to another one that is left, so the walk must come back to itself. */
function walkCycle(start: string, left: ReadonlyMap<string, readonly string[]>): string[] {
  const walked = new Map<string, number>();
  for (let name: string | undefined = start; name !== undefined;) {
    const seen = walked.get(name);
    if (seen !== undefined) return [...[...walked.keys()].slice(seen), name];
    walked.set(name, walked.size);
    name = left.get(name)?.find((other) => left.has(other));
  }
  return [...walked.keys()];
}

function spelling(name: string, names: readonly string[]): string {
  const near = suggestSpelling(name, names);
  return near === null ? 'name one, or remove it' : `did you mean ${near}?`;
}

/** Each file is read once, however many servers name it. */
function envReader(diagnostics: Diagnostics, locate: LoadContext['locate'] = (file) => file) {
  const read = new Map<string, Readonly<Record<string, string>>>();
  return (file: string, path: KeyPath): Readonly<Record<string, string>> => {
    diagnostics.envFiles.add(file);
    const known = read.get(file) ?? readEnvFile(locate(file), { path, diagnostics });
    read.set(file, known);
    return known;
  };
}

function readEnvFile(
  file: string,
  { path, diagnostics }: { path: KeyPath; diagnostics: Diagnostics },
): Readonly<Record<string, string>> {
  try {
    const { env, faults, unexpanded } = parseEnvFile(readSecureFile(file).text);
    for (const { line, reason } of faults)
      diagnostics.addElsewhere({ file, line, path: formatPath(path), reason });
    for (const line of unexpanded) {
      diagnostics.warn(
        path,
        `has a $ in line ${line} of ${basename(file)}, which is taken literally; nothing is expanded there`,
      );
    }
    return env;
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    const isMissing = error.code === 'CONFIG_UNREADABLE';
    const cure = isMissing ? 'make the file, or remove envFile' : error.hint;
    diagnostics.add(path, `cannot be used: ${lowerFirst(error.message)}`, { cure, isHidden: true });
    return {};
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
