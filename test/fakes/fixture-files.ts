// The fixture server as the files of a package, for whoever publishes it.
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/servers/', import.meta.url);
const PARTS = [
  'mcp.mjs',
  ...['answerer', 'fates', 'flags', 'http', 'stdio'].map((name) => `lib/${name}.mjs`),
];

/** Texts by path; `mcp.mjs` is the program. */
export function fixtureFiles(): Record<string, string> {
  return Object.fromEntries(PARTS.map((path) => [path, readFileSync(new URL(path, FOLDER), 'utf8')]));
}
