// Merge of the entries of several clients: equal ones become one server, equal names with other content a conflict.
import type { RequiredVariable } from './clients/references.ts';
import type { TranslatedEntry } from './translate-entry.ts';
import { isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';

/** One entry of one client, translated. */
export interface ImportCandidate extends TranslatedEntry {
  /** As the client writes it. */
  readonly writtenName: string;
  /** Client, and project or path where needed: `cursor in ~/work/site`. */
  readonly from: string;
}

/** One server, from one client or several. */
export interface ImportedServer {
  readonly name: string;
  readonly settings: DocumentMap;
  readonly enabled: boolean;
  readonly from: readonly string[];
  readonly needs: readonly RequiredVariable[];
  readonly notes: readonly string[];
  readonly faults: readonly string[];
}

/** Servers of one name that clients start differently: only the user knows which one is meant. */
export interface ImportConflict {
  readonly name: string;
  readonly servers: readonly ImportedServer[];
}

export interface MergeResult {
  readonly servers: readonly ImportedServer[];
  readonly conflicts: readonly ImportConflict[];
}

/** Merges: the same content is one server, whatever its name; the same name with other content is a conflict. */
export function mergeServers(candidates: readonly ImportCandidate[]): MergeResult {
  const same = [...groupBy(candidates, ({ settings }) => fingerprint(settings)).values()];
  const byName = groupBy(same, ([first]) => (first?.writtenName ?? '').toLowerCase());
  const taken = new Set<string>();
  const servers: ImportedServer[] = [];
  const conflicts: ImportConflict[] = [];
  for (const [written, groups] of byName) {
    const name = freeName(serverNameFrom(written), taken);
    const merged = groups.map((group) => merge(group, name));
    if (merged.length === 1) servers.push(...merged);
    else conflicts.push({ name, servers: merged });
  }
  return { servers, conflicts };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Makes a valid name of any: `My Files` -> `my-files`. */
export function serverNameFrom(written: string): string {
  const plain = written
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[-.]+$/, '');
  return plain === '' ? 'server' : plain;
}

/** Identifies what is started or watched, and with what; independent of the order of keys. */
function fingerprint(settings: DocumentMap): string {
  const { start: _, ...others } = settings;
  return JSON.stringify(sorted(others));
}

function sorted(tree: DocumentValue): DocumentValue {
  if (isDocumentList(tree)) return tree.map(sorted);
  if (!isDocumentMap(tree)) return tree;
  return Object.entries(tree)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, sorted(value)]);
}

/** Adds a number to a name that is equal to another one only because both were simplified. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name.slice(0, 60)}-${number}`;
  taken.add(free);
  return free;
}

function merge(group: readonly ImportCandidate[], name: string): ImportedServer {
  const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
  const needs = group.flatMap((each) => each.needs);
  return {
    name,
    // Where one of them allows more time for the start, that is kept.
    settings: (group.find(({ settings }) => 'start' in settings) ?? group[0])?.settings ?? {},
    enabled: group.some(({ enabled }) => enabled),
    from: unique(group.map(({ from }) => from)),
    needs: needs.filter((need, index) => needs.findIndex((other) => other.name === need.name) === index),
    notes: unique([...renamings(group, name), ...switchings(group), ...group.flatMap(({ notes }) => notes)]),
    faults: unique(group.flatMap(({ faults }) => faults)),
  };
}

function renamings(group: readonly ImportCandidate[], name: string): string[] {
  return group
    .filter(({ writtenName }) => writtenName !== name)
    .map(({ writtenName, from }) => `is called ${JSON.stringify(writtenName)} in ${from}`);
}

function switchings(group: readonly ImportCandidate[]): string[] {
  const off = group.filter(({ enabled }) => !enabled).map(({ from }) => from);
  if (off.length === 0) return [];
  return off.length === group.length
    ? ['is switched off there, so enabled: false']
    : [`is switched off in ${[...new Set(off)].join(', ')}, and on elsewhere`];
}
