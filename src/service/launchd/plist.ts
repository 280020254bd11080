// XML property lists as launchd reads them: rendered, and parsed strictly.
import { WatchdogError } from '../../core/base/errors.ts';

/** Values of our property lists; numbers are integers. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | PlistDictionary;
export interface PlistDictionary {
  readonly [key: string]: PlistValue;
}

/**
 * Renders a dictionary as a property list.
 *
 * @throws WatchdogError SERVICE_FAILED when a text holds a control character, which XML cannot express
 */
export function renderPlist(value: PlistDictionary): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...linesOf(value),
    '</plist>',
    '',
  ].join('\n');
}

function linesOf(value: PlistValue): string[] {
  if (typeof value === 'string') return [`<string>${escapeXml(value)}</string>`];
  if (typeof value === 'boolean') return [value ? '<true/>' : '<false/>'];
  if (typeof value === 'number') return [`<integer>${Math.trunc(value)}</integer>`];
  if (isList(value)) return ['<array>', ...value.flatMap(linesOf).map(indented), '</array>'];
  const entries = Object.entries(value).flatMap(([key, held]) => entryLines(key, held));
  return ['<dict>', ...entries.map(indented), '</dict>'];
}

function entryLines(key: string, held: PlistValue): string[] {
  return [`<key>${escapeXml(key)}</key>`, ...linesOf(held)];
}

// Array.isArray does not narrow a readonly array.
function isList(value: readonly PlistValue[] | PlistDictionary): value is readonly PlistValue[] {
  return Array.isArray(value);
}

function indented(line: string): string {
  return `  ${line}`;
}

function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex -- exactly these are looked for
  if (/[\u0000-\u001F\u007F]/u.test(text)) {
    throw new WatchdogError(
      'SERVICE_FAILED',
      `Cannot write the service file: ${JSON.stringify(text)} holds a control character`,
      { hint: 'Move the folder of that name, or choose another home with --home DIR' },
    );
  }
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Parses a property list strictly: one element that is not understood makes the whole file unreadable.
 *
 * @returns null when the text is no XML property list of a dictionary, or is malformed
 */
export function parsePlist(text: string): PlistDictionary | null {
  const reader = createReader(text);
  try {
    reader.take('<plist>');
    const value = readValue(reader);
    reader.take('</plist>');
    return isDictionary(value) && reader.isAtEnd() ? value : null;
  } catch (error) {
    if (error instanceof MalformedPlist) return null;
    throw error;
  }
}

/** True for a dictionary value. */
export function isDictionary(value: PlistValue | undefined): value is PlistDictionary {
  return typeof value === 'object' && !Array.isArray(value);
}

class MalformedPlist extends Error {}

interface Reader {
  /** The next tag, attributes left out, or text. */
  next(): string;
  peek(): string | undefined;
  take(expected: string): void;
  isAtEnd(): boolean;
}

const TOKEN = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<[^>]*>|[^<]+/gu;

function createReader(text: string): Reader {
  const tokens = text.match(TOKEN)?.filter((token) => !/^<[!?]/u.test(token)) ?? [];
  let at = 0;
  const skipSpace = (): void => {
    while (tokens[at]?.trim() === '') at += 1;
  };
  const next = (): string => {
    const token = tokens[at];
    if (token === undefined) throw new MalformedPlist();
    at += 1;
    return token.startsWith('<') ? withoutAttributes(token) : token;
  };
  return {
    next,
    peek() {
      skipSpace();
      return tokens[at];
    },
    take(expected) {
      skipSpace();
      if (next() !== expected) throw new MalformedPlist();
    },
    isAtEnd() {
      skipSpace();
      return at === tokens.length;
    },
  };
}

function withoutAttributes(tag: string): string {
  return tag.replace(/^(<\/?[a-z]+)[^>]*?(\/?)>$/u, '$1$2>');
}

function readValue(reader: Reader): PlistValue {
  reader.peek();
  const tag = reader.next();
  switch (tag) {
    case '<true/>':
      return true;
    case '<false/>':
      return false;
    case '<string/>':
      return '';
    case '<string>':
      return readText(reader, '</string>');
    case '<integer>':
      return readInteger(reader);
    case '<array/>':
      return [];
    case '<array>':
      return readArray(reader);
    case '<dict/>':
      return {};
    case '<dict>':
      return readDictionary(reader);
    default:
      throw new MalformedPlist();
  }
}

function readArray(reader: Reader): PlistValue[] {
  const values: PlistValue[] = [];
  while (reader.peek() !== '</array>') values.push(readValue(reader));
  reader.take('</array>');
  return values;
}

function readDictionary(reader: Reader): PlistDictionary {
  const entries: [string, PlistValue][] = [];
  while (reader.peek() !== '</dict>') {
    reader.take('<key>');
    entries.push([readText(reader, '</key>'), readValue(reader)]);
  }
  reader.take('</dict>');
  return Object.fromEntries(entries);
}

function readInteger(reader: Reader): number {
  const text = readText(reader, '</integer>').trim();
  if (!/^-?\d{1,15}$/u.test(text)) throw new MalformedPlist();
  return Number(text);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function readText(reader: Reader, end: string): string {
  const text = reader.next();
  if (text === end) return '';
  reader.take(end);
  return text.replaceAll(/&([a-z]+);/gu, (whole, name: string) => ENTITIES[name] ?? whole);
}
