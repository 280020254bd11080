// What an XML property list says, strictly: an element that is not understood makes the whole file unreadable.
import type { PlistDictionary, PlistValue } from './plist.ts';

/** @returns null when the text is no XML property list of a dictionary, or is damaged */
export function parsePlist(text: string): PlistDictionary | null {
  const reader = createReader(text);
  try {
    reader.take('<plist>');
    const value = readValue(reader);
    reader.take('</plist>');
    return isDictionary(value) && reader.isAtEnd() ? value : null;
  } catch (error) {
    if (error instanceof Damaged) return null;
    throw error;
  }
}

export function isDictionary(value: PlistValue | undefined): value is PlistDictionary {
  return typeof value === 'object' && !Array.isArray(value);
}

class Damaged extends Error {}

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
    if (token === undefined) throw new Damaged();
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
      if (next() !== expected) throw new Damaged();
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
      throw new Damaged();
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
  if (!/^-?\d{1,15}$/u.test(text)) throw new Damaged();
  return Number(text);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function readText(reader: Reader, end: string): string {
  const text = reader.next();
  if (text === end) return '';
  reader.take(end);
  return text.replaceAll(/&([a-z]+);/gu, (whole, name: string) => ENTITIES[name] ?? whole);
}
