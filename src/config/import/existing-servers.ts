// Which servers a config has that is there already, whether or not it can be used.
import { WatchdogError } from '../../core/base/errors.ts';
import { readSecureFile } from '../read/secure-file.ts';
import { readDocument } from '../read/read-document.ts';
import { isDocumentMap, valueAt } from '../schema/document.ts';

/** Empty when it cannot be read: to say what is wrong with it is the business of other commands. */
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
