// Read access to files that may be missing or unreadable.
import { readFileSync } from 'node:fs';

/** The text of a file; null when it cannot be read, whatever the reason. Invalid UTF-8 becomes U+FFFD. */
export function readFileOrNull(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | null {
  try {
    return readFileSync(path, encoding);
  } catch {
    return null;
  }
}
