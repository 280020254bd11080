// Which servers a config has that is there already, whether or not it can be used.
import { WatchdogError } from '../../core/base/errors.ts';
import { readOwnFile } from '../read/secure-file.ts';
import { readTree } from '../read/read-document.ts';
import { isBranch, valueAt } from '../schema/document.ts';

/** Empty when it cannot be read: to say what is wrong with it is the business of other commands. */
export function serverNames(path: string): ReadonlySet<string> {
  try {
    const { tree } = readTree(readOwnFile(path).text);
    const servers = valueAt(tree, ['servers']) ?? valueAt(tree, ['mcpServers']);
    return new Set(isBranch(servers) ? Object.keys(servers) : []);
  } catch (error) {
    if (error instanceof WatchdogError) return new Set();
    throw error;
  }
}
