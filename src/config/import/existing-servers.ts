// Names of the servers in an existing config, whether or not it can be used.
import { WatchdogError } from '../../core/base/errors.ts';
import { readSecureFile } from '../read/secure-file.ts';
import { readDocument } from '../read/read-document.ts';
import { isDocumentMap, valueAt } from '../schema/document.ts';

/** Reads the names; empty when the file cannot be read: other commands say what is wrong with it. */
export function serverNames(path: string): ReadonlySet<string> {
  try {
    const { tree } = readDocument(readSecureFile(path).text);
    const servers = valueAt(tree, ['servers']) ?? valueAt(tree, ['mcpServers']);
    return new Set(isDocumentMap(servers) ? Object.keys(servers) : []);
  } catch (error) {
    if (error instanceof WatchdogError) return new Set();
    throw error;
  }
}
