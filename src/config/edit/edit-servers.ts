// Edits of the servers in a config text, YAML or JSON, that leave every other character as it is, comments included.
import { applyEdits, findNodeAtLocation, modify, parseTree, type ParseError } from 'jsonc-parser';
import { isAlias, isMap, isNode, isScalar, type Pair, type YAMLMap } from 'yaml';
import { serverYaml } from '../import/write-yaml.ts';
import { parseText } from '../read/parse-text.ts';
import type { DocumentMap } from '../schema/document.ts';

/** The new text, or why the edit is left to a person: a half sentence. */
export type EditResult = { readonly text: string } | { readonly refusal: string };

/** Adds a server below the others. The text may be invalid in other places, but must be YAML or JSON. */
export function addServer(text: string, name: string, settings: DocumentMap): EditResult {
  const json = jsonKey(text);
  if (json !== null) return { text: editJson(text, [json, name], settings) };
  return withYaml(text, (yaml) => {
    const { servers, key, root } = yaml;
    const block = (indent: string): string[] =>
      serverYaml({ name, settings, enabled: true }).map((line) => indent + line);
    if (key === null) {
      if (root !== null && root.flow === true) return refuse('its outermost map is written with braces');
      return insertLines(yaml, yaml.text.length, ['servers:', ...block('  ')]);
    }
    if (servers === null) return insertLines(yaml, key, block('  '));
    const isInBraces = servers.items.length > 0 || root?.flow === true;
    if (servers.flow === true && isInBraces) return addToFlow(yaml, servers, name, settings);
    if (servers.flow === true) return fillEmpty(yaml, servers, block('  '));
    return insertLines(yaml, endOfBlock(yaml, servers), block(indentOf(yaml, servers)));
  });
}

/** Removes a server with the comment above it. */
export function removeServer(text: string, name: string): EditResult {
  const json = jsonKey(text);
  if (json !== null) return removeFromJson(text, json, name);
  return withYaml(text, (yaml) => {
    const { servers } = yaml;
    const index = servers?.items.findIndex(({ key }) => isScalar(key) && String(key.value) === name) ?? -1;
    if (servers === null || index === -1) return absent(name);
    return servers.flow === true
      ? removeFromFlow(yaml, servers, index)
      : removeFromBlock(yaml, servers, index);
  });
}

function refuse(refusal: string): EditResult {
  return { refusal };
}

function absent(name: string): EditResult {
  return refuse(`there is no server "${name}" in it`);
}

const KEYS = ['servers', 'mcpServers'];

/** Returns the key of the servers of a JSON text, with or without comments; null for a text that is no JSON. */
function jsonKey(text: string): string | null {
  const errors: ParseError[] = [];
  const root = parseTree(withoutMark(text), errors, { allowTrailingComma: true });
  if (root?.type !== 'object' || errors.length > 0) return null;
  const keys = root.children?.map(({ children }) => String(children?.[0]?.value)) ?? [];
  return KEYS.find((key) => keys.includes(key)) ?? 'servers';
}

function editJson(text: string, path: string[], value: DocumentMap | undefined): string {
  const mark = text.slice(0, text.length - withoutMark(text).length);
  const body = withoutMark(text);
  const indent = /^([ \t]+)\S/mu.exec(body)?.[1] ?? '  ';
  const formattingOptions = {
    insertSpaces: !indent.startsWith('\t'),
    tabSize: indent.startsWith('\t') ? 1 : indent.length,
    eol: body.includes('\r\n') ? '\r\n' : '\n',
  };
  return mark + applyEdits(body, modify(body, path, value, { formattingOptions }));
}

/** Cuts out the last server by itself: the library would leave a comma behind it. */
function removeFromJson(text: string, key: string, name: string): EditResult {
  const root = parseTree(withoutMark(text), [], { allowTrailingComma: true });
  if (root === undefined || findNodeAtLocation(root, [key, name]) === undefined) return absent(name);
  const [only, ...others] = findNodeAtLocation(root, [key])?.children ?? [];
  if (only === undefined || others.length > 0) return { text: editJson(text, [key, name], undefined) };
  const start = only.offset + text.length - withoutMark(text).length;
  return { text: text.slice(0, start) + withoutComma(text.slice(start + only.length)) };
}

/** Takes the comma away with which a text begins. */
function withoutComma(text: string): string {
  return text.replace(/^\s*,/u, '');
}

function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/u, '');
}

/** A YAML text and where its servers are. Offsets are those of `text`, which has no byte order mark. */
interface YamlText {
  readonly text: string;
  readonly newline: string;
  readonly root: YAMLMap | null;
  /** Offset behind the key of the servers and its colon; null where there is no such key. */
  readonly key: number | null;
  /** Null where nothing is written below the key. */
  readonly servers: YAMLMap | null;
}

function withYaml(written: string, edit: (yaml: YamlText) => EditResult): EditResult {
  const text = withoutMark(written);
  const parsed = parseText(text);
  if ('faults' in parsed) return refuse(parsed.faults[0]?.reason ?? 'it cannot be read');
  const root = parsed.document.contents;
  if (root !== null && !isMap(root) && !(isScalar(root) && root.value === null))
    return refuse('it is no map of keys');
  const pairs: readonly Pair[] = isMap(root) ? root.items : [];
  const pair = pairs.find(({ key }) => isScalar(key) && KEYS.includes(String(key.value)));
  const value = pair?.value;
  if (isAlias(value)) return refuse('its servers are written as an alias');
  const isNothing = value === null || value === undefined || (isScalar(value) && value.value === null);
  if (!isNothing && !isMap(value)) return refuse('its servers are no map');
  const key = pair === undefined ? null : text.indexOf(':', endOf(pair.key)) + 1;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const edited = edit({
    text,
    newline,
    root: isMap(root) ? root : null,
    key,
    servers: isMap(value) ? value : null,
  });
  if ('refusal' in edited) return edited;
  return { text: written.slice(0, written.length - text.length) + edited.text };
}

function startOf(node: unknown): number {
  return rangeOf(node)[0];
}

/** Offset behind the last character of the node itself, without the comments that follow it. */
function endOf(node: unknown): number {
  return rangeOf(node)[1];
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = isNode(node) ? node.range : null;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
}

/** Offset behind the last character of a pair. */
function endOfPair({ key, value }: Pair): number {
  return Math.max(endOf(key), endOf(value));
}

/** Inserts whole lines behind the line in which `offset` lies. */
function insertLines({ text, newline }: YamlText, offset: number, lines: readonly string[]): EditResult {
  const at = offset >= text.length ? text.length : endOfLine(text, offset);
  const head = text.slice(0, at);
  const gap = head === '' || head.endsWith('\n') ? '' : newline;
  return { text: `${head}${gap}${lines.join(newline)}${newline}${text.slice(at)}` };
}

/** Offset behind the newline that ends the line of `offset`. */
function endOfLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function indentOf({ text }: YamlText, map: YAMLMap): string {
  const start = startOf(map.items[0]?.key);
  return ' '.repeat(start - startOfLine(text, start));
}

/** Offset in the last line of a block map, with the comments that are indented like its content. */
function endOfBlock(yaml: YamlText, map: YAMLMap): number {
  const last = map.items.at(-1);
  return last === undefined ? endOf(map) : endOfItem(yaml, last, indentOf(yaml, map).length);
}

/** The same of one item: comments below it belong to it when they are indented at least so far. */
function endOfItem({ text }: YamlText, pair: Pair, indent: number): number {
  // A block scalar ends behind its newline.
  let end = Math.max(0, endOfPair(pair) - (text[endOfPair(pair) - 1] === '\n' ? 1 : 0));
  for (let at = endOfLine(text, end); at < text.length; at = endOfLine(text, at)) {
    const line = text.slice(at, endOfLine(text, at));
    const comment = /^( *)#/u.exec(line)?.[1];
    if (comment !== undefined && comment.length >= indent) end = at;
    else if (line.trim() !== '') break;
  }
  return end;
}

function addToFlow({ text }: YamlText, map: YAMLMap, name: string, settings: DocumentMap): EditResult {
  const last = map.items.at(-1);
  const at = last === undefined ? startOf(map) + 1 : endOfPair(last);
  const entry = `${last === undefined ? '' : ', '}${JSON.stringify(name)}: ${JSON.stringify(settings)}`;
  return { text: text.slice(0, at) + entry + text.slice(at) };
}

/** Replaces `{}` by the lines of a block; what follows it on its line stays. */
function fillEmpty(yaml: YamlText, map: YAMLMap, lines: readonly string[]): EditResult {
  const { text } = yaml;
  const without = `${text.slice(0, startOf(map)).trimEnd()}${text.slice(endOf(map))}`;
  return insertLines({ ...yaml, text: without }, text.slice(0, startOf(map)).trimEnd().length, lines);
}

function removeFromBlock(yaml: YamlText, map: YAMLMap, index: number): EditResult {
  const { text, key } = yaml;
  const pair = map.items[index];
  if (pair === undefined) return refuse('it is not there');
  const indent = indentOf(yaml, map).length;
  const start = startOfComment(text, startOfLine(text, startOf(pair.key)), indent);
  // Comments that are indented like the names of the servers are about what comes next.
  const end = endOfLine(text, endOfItem(yaml, pair, indent + 1));
  const rest = text.slice(0, start) + text.slice(end);
  if (map.items.length > 1 || key === null) return { text: rest };
  return { text: `${rest.slice(0, key)} {}${rest.slice(key)}` };
}

/** Offset of the first of the comment lines that stand directly above a line, indented as far. */
function startOfComment(text: string, line: number, indent: number): number {
  let start = line;
  for (;;) {
    const above = startOfLine(text, start - 1);
    if (start === 0 || /^( *)#/u.exec(text.slice(above, start))?.[1]?.length !== indent) return start;
    start = above;
  }
}

function removeFromFlow({ text }: YamlText, map: YAMLMap, index: number): EditResult {
  const [before, pair, after] = [map.items[index - 1], map.items[index], map.items[index + 1]];
  if (pair === undefined) return refuse('it is not there');
  const from = after === undefined && before !== undefined ? endOfPair(before) : startOf(pair.key);
  const end = after === undefined ? endOfPair(pair) : startOf(after.key);
  const rest = text.slice(end);
  // A comma alone is no valid map.
  const isAlone = before === undefined && after === undefined;
  return { text: text.slice(0, from) + (isAlone ? withoutComma(rest) : rest) };
}
