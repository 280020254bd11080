// Lines to paste into a client so that it uses a server of ours.
import type { ClientName } from '../import/clients/client-format.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';
import { isDocumentList, isDocumentMap } from '../schema/document.ts';
import {
  CLIENT_TARGETS,
  clientEntry,
  nameAtClient,
  type ClientTarget,
  type ServerAddress,
} from './client-target.ts';

/** What to do in one client: a command of its own to run, or a text for its file. */
export interface ClientSnippet {
  readonly client: ClientName;
  readonly title: string;
  /** Whether the client reaches the server by its URL; else it starts the shim. */
  readonly kind: 'url' | 'shim';
  /** Command to run; null where the client has none. */
  readonly command: string | null;
  /** As people write its path. */
  readonly file: string;
  /** What belongs into that file, beside what is there. */
  readonly text: string;
  /** The name that the client gives the server, and its entry. */
  readonly name: string;
  readonly entry: DocumentMap;
}

export function clientSnippet(client: ClientName, address: ServerAddress): ClientSnippet {
  const target: ClientTarget = CLIENT_TARGETS[client];
  const name = nameAtClient(address.name);
  const entry = clientEntry(client, address);
  const given = target.takesUrl ? address : { ...address, url: null };
  const { title, file, add } = target;
  return {
    client,
    title,
    kind: given.url === null ? 'shim' : 'url',
    command: add === null ? null : add(name, given).map(shellWord).join(' '),
    file,
    text:
      target.syntax === 'toml'
        ? tomlTable([...target.servers.map(String), name], entry)
        : inside(target, name, entry),
    name,
    entry,
  };
}

function inside({ servers }: ClientTarget, name: string, entry: DocumentMap): string {
  return JSON.stringify(
    [...servers, name].reduceRight<DocumentValue>((inner, key) => ({ [String(key)]: inner }), entry),
  );
}

/** Writes a table of texts, lists of texts and maps of texts. */
export function tomlTable(path: readonly string[], entry: DocumentMap): string {
  const lines = Object.entries(entry).map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}`);
  return [`[${path.map(tomlKey).join('.')}]`, ...lines].join('\n');
}

function tomlKey(key: string): string {
  return /^[\w-]+$/u.test(key) ? key : tomlText(key);
}

function tomlValue(value: DocumentValue): string {
  if (typeof value === 'string') return tomlText(value);
  if (isDocumentList(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (isDocumentMap(value))
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`)
      .join(', ')} }`;
  return String(value);
}

/** A basic string; JSON escapes are all known to TOML, which wants DEL escaped too. */
function tomlText(text: string): string {
  return JSON.stringify(text).replaceAll('\u007F', String.raw`\u007f`);
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
