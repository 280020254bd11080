// Bounded reader of the other files that a config names.
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { codeOf } from '../../core/base/guards.ts';

/** Bytes. All rules of kube-prometheus would be half of it. */
const LARGEST = 1024 * 1024;

/** Reads a regular file of 1 MiB at most; a refusal continues a sentence that began with the key. */
export function readText(path: string): { readonly text: string } | { readonly refusal: string } {
  let descriptor: number | null = null;
  try {
    // Without O_NONBLOCK a named pipe would hold us for ever.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { refusal: `names ${path}, which is not a regular file` };
    if (stats.size > LARGEST) return { refusal: `names ${path}, which is larger than ${LARGEST} bytes` };
    return { text: readFileSync(descriptor, 'utf8') };
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    return { refusal: `names ${path}, which cannot be read (${code}); correct the path` };
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
