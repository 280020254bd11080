// Recorded outputs of macOS' programs, see test/fixtures/macos/README.md.
import { readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/macos/', import.meta.url);

/** Reads a sample; `UID` as a word of its own becomes the user of this test. */
export function macosSample(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8').replaceAll(
    /(?<=^ *\d+ )UID\b/gmu,
    String(process.getuid?.() ?? 0),
  );
}
