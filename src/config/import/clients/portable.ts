// A file whose client is not known: `mcpServers`, such as the portable one of Copilot, or a `server.json` of the MCP registry, which
// says how to get one server as its author publishes it.
import { documentMap, isDocumentList, isDocumentMap, valueAt } from '../../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../../schema/document.ts';
import type { ClientEntry, ClientFileLocation, ClientFormat } from './client-format.ts';
import { CLIENT_PLACES } from './places.ts';
import { EITHER } from './references.ts';
import { serversAt } from './read-servers.ts';

export const portable: ClientFormat = {
  title: 'an MCP client',
  syntax: 'json',
  dialect: EITHER,
  places: CLIENT_PLACES.portable,
  recognises: (root) => isDocumentMap(root['mcpServers']) || isServerJson(root),
  entries: (root, place) =>
    isDocumentMap(root['mcpServers'])
      ? serversAt(root, ['mcpServers'], place)
      : serverJsonEntries(root, place),
};

/** Recognises a `server.json`: one name, and packages or remotes. */
function isServerJson(root: DocumentMap): boolean {
  return (
    typeof root['name'] === 'string' && (isDocumentList(root['packages']) || isDocumentList(root['remotes']))
  );
}

/** Reads it as the entry of a client would be written; `io.github.owner/server` is called `server` here. */
function serverJsonEntries(
  root: DocumentMap,
  { project }: Pick<ClientFileLocation, 'project'>,
): ClientEntry[] {
  const written = bestOf(root);
  const name = (textAt(root, 'name') ?? '').replace(/^.*\//s, '');
  return written === null ? [] : [{ name, project, written: written.value, at: written.at }];
}

/** `at` names the whole list: the file describes a server for everybody, and is no client's to rewrite. */
type Found = { readonly value: DocumentMap } & Pick<ClientEntry, 'at'>;

/** The first package that can be installed, else the first remote, else a package that is refused then. */
function bestOf(root: DocumentMap): Found | null {
  const packages = listAt(root, 'packages').map((each) => ({ value: packageEntry(each), at: ['packages'] }));
  const remotes = listAt(root, 'remotes').map((each) => ({ value: remoteEntry(each), at: ['remotes'] }));
  const usable = packages.find(({ value }) => value['refused'] === undefined);
  return usable ?? remotes[0] ?? packages[0] ?? null;
}

function listAt(root: DocumentMap, key: string): DocumentMap[] {
  const list = root[key];
  return isDocumentList(list) ? list.filter(isDocumentMap) : [];
}

/** Writes a package as the line of its runner; keys were `registry_name`, then `registry_type`, before they are as now. */
function packageEntry(written: DocumentMap): DocumentMap {
  const type = textAt(written, 'registryType', 'registry_type', 'registry_name');
  const name = textAt(written, 'identifier', 'name') ?? '';
  const version = textAt(written, 'version');
  const transport = valueAt(written, ['transport', 'type']) ?? 'stdio';
  if (transport !== 'stdio')
    return refusal(
      `it serves over ${JSON.stringify(transport)} when it is started, and its port is to be chosen; write package and url`,
    );
  const runner =
    type === 'npm'
      ? ['npx', '-y', version === null ? name : `${name}@${version}`]
      : type === 'pypi'
        ? ['uvx', version === null ? name : `${name}==${version}`]
        : null;
  if (runner === null)
    return refusal(`it is a package of ${JSON.stringify(type)}; npm and pypi are installed here`);
  const [command = '', ...args] = runner;
  const given = listAt(written, 'packageArguments').concat(listAt(written, 'package_arguments'));
  const variables = listAt(written, 'environmentVariables').concat(listAt(written, 'environment_variables'));
  return documentMap([
    ['command', command],
    ['args', [...args, ...given.flatMap(wordsOf)]],
    ...variableKeys(variables),
  ]);
}

function remoteEntry(written: DocumentMap): DocumentMap {
  const headers = listAt(written, 'headers').flatMap((header) => {
    const name = textAt(header, 'name');
    const value =
      textAt(header, 'value', 'default') ?? (name === null ? null : `\${env:${variableFrom(name)}}`);
    return name === null || (header['isRequired'] === false && textAt(header, 'value') === null)
      ? []
      : [[name, value] as const];
  });
  return documentMap([
    ['type', textAt(written, 'type', 'transport_type')],
    ['url', textAt(written, 'url')],
    ['headers', documentMap(headers)],
  ]);
}

/** What must be chosen, and has no value there, is asked of the environment; what may be left out is left out. */
function wordsOf(argument: DocumentMap): string[] {
  const name = textAt(argument, 'name');
  const hint = textAt(argument, 'valueHint', 'value_hint') ?? name ?? 'argument';
  const given = textAt(argument, 'value', 'default');
  const isRequired = argument['isRequired'] === true || argument['is_required'] === true;
  if (given === null && !isRequired) return name !== null && isFlag(argument) ? [name] : [];
  const value = given ?? `\${env:${variableFrom(hint)}}`;
  return textAt(argument, 'type') === 'named' && name !== null ? [name, value] : [value];
}

/** A switch: named, and nothing says that it takes a value. */
function isFlag(argument: DocumentMap): boolean {
  return (
    textAt(argument, 'type') === 'named' &&
    ['valueHint', 'value_hint', 'format', 'choices', 'isRequired', 'is_required'].every(
      (key) => argument[key] === undefined,
    )
  );
}

function variableKeys(variables: readonly DocumentMap[]): (readonly [string, DocumentValue])[] {
  const named = variables.flatMap((variable) => {
    const name = textAt(variable, 'name');
    return name === null ? [] : [{ name, variable, given: textAt(variable, 'value', 'default') }];
  });
  const isRequired = (variable: DocumentMap): boolean =>
    variable['isRequired'] === true || variable['is_required'] === true;
  const env = named
    .filter(({ variable, given }) => given !== null || isRequired(variable))
    .map(({ name, given }) => [name, given ?? `\${env:${name}}`] as const);
  const passed = named
    .filter(({ variable, given }) => given === null && !isRequired(variable))
    .map(({ name }) => name);
  return [
    ['env', documentMap(env)],
    ['envNames', passed],
  ];
}

function refusal(reason: string): DocumentMap {
  return documentMap([['refused', reason]]);
}

function textAt(map: DocumentMap, ...keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = valueAt(map, [key]);
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  return null;
}

/** `--repo-path` -> `REPO_PATH` */
function variableFrom(text: string): string {
  const name = text
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return /^[A-Z_]/.test(name) ? name : `VALUE_${name}`;
}
