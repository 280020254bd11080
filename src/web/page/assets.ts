// Files that the page loads, from dist/page/: compressed once, named by a hash of all of them, so that they never change.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('../../../dist/page', import.meta.url));

/** The module that starts the page, and its style sheet. */
export const MAIN = 'page/main.js';
export const STYLE = 'page/page.css';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

export interface Asset {
  readonly type: string;
  readonly compressed: Buffer;
}

export interface Assets {
  /** Of all files: another one means that the page is another one. */
  readonly hash: string;
  /** What `page/main.js` imports at once, all that is imported there included. */
  readonly preload: readonly string[];
  find(path: string): Asset | undefined;
}

let loaded: Assets | null = null;

/** Reads all files at the first call, as nobody may ever open the page. */
export function pageAssets(): Assets {
  loaded ??= readAssets(FOLDER);
  return loaded;
}

/** @param folder with the built page; without it there are no assets, as in a tree that was not built */
export function readAssets(folder: string): Assets {
  const texts = new Map(
    listFiles(folder).map((name) => [name.split(sep).join('/'), readFileSync(join(folder, name))]),
  );
  const hash = createHash('sha256');
  for (const [name, text] of texts) hash.update(`${name}\0${text.length}\0`).update(text);
  const files = new Map<string, Asset>(
    [...texts].map(([name, text]) => [
      name,
      { type: TYPES[extname(name)] ?? 'text/plain', compressed: gzipSync(text, { level: 9 }) },
    ]),
  );
  return {
    hash: hash.digest('hex').slice(0, 16),
    preload: importsOf(MAIN, texts),
    find: (path) => files.get(path),
  };
}

/** Returns the text for a client that does not take gzip. */
export function plain({ compressed }: Asset): Buffer {
  return gunzipSync(compressed);
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => extname(name) in TYPES)
      .sort();
  } catch {
    return [];
  }
}

/** Follows static imports: a browser that learns of them one after the other would wait for each. */
function importsOf(start: string, texts: ReadonlyMap<string, Buffer>): string[] {
  const found = new Set([start]);
  for (const name of found) {
    const text = texts.get(name)?.toString() ?? '';
    for (const [, target = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*["'](\.{1,2}\/[^"']+)["']/gu))
      found.add(posix.join(dirname(name), target));
  }
  found.delete(start);
  return [...found];
}
