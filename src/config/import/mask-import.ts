// Masking of secrets in imported settings that are shown on a terminal.
import type { ImportedServer } from './merge-servers.ts';
import type { ImportSections } from './write-yaml.ts';
import { MASK, maskSecrets, findSecrets, scrubbableSecrets } from '../read/secrets.ts';
import { isDocumentMap, isDocumentList } from '../schema/document.ts';
import type { DocumentMap, DocumentValue } from '../schema/document.ts';

/** Copies settings with everything masked that looks like a secret; references stay. */
export function maskSettings(settings: DocumentMap): DocumentMap {
  const shown = withoutOpaque(maskSecrets(settings, scrubbableSecrets(findSecrets(settings))));
  return isDocumentMap(shown) ? shown : {};
}

/** Copies all servers with their secrets masked. */
export function maskSections({ servers, waiting, conflicts }: ImportSections): ImportSections {
  return {
    servers: servers.map(hidden),
    waiting: waiting.map(({ server, reasons }) => ({ server: hidden(server), reasons })),
    conflicts: conflicts.map((conflict) => ({
      name: conflict.name,
      servers: conflict.servers.map(hidden),
    })),
  };
}

function hidden(server: ImportedServer): ImportedServer {
  return { ...server, settings: maskSettings(server.settings) };
}

/** Long words of letters and digits: an address may carry a key in its path. */
const OPAQUE = /[\w-]{24,}/g;

function isOpaque(word: string): boolean {
  return /\d/.test(word) && /[A-Za-z]/.test(word);
}

function withoutOpaque(tree: DocumentValue): DocumentValue {
  if (typeof tree === 'string') return tree.replaceAll(OPAQUE, (word) => (isOpaque(word) ? MASK : word));
  if (isDocumentList(tree)) return tree.map(withoutOpaque);
  if (!isDocumentMap(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withoutOpaque(value)]));
}
