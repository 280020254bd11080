// What of imported settings must not be shown on a terminal.
import type { Merged } from './merge-servers.ts';
import type { Parts } from './write-yaml.ts';
import { MASK, masked, secretsIn, worthScrubbing } from '../read/secrets.ts';
import { isBranch, isList } from '../schema/document.ts';
import type { Branch, Tree } from '../schema/document.ts';

/** A copy fit to be shown: references stay, what looks like a secret does not. */
export function maskedSettings(settings: Branch): Branch {
  const shown = withoutOpaque(masked(settings, worthScrubbing(secretsIn(settings))));
  return isBranch(shown) ? shown : {};
}

/** The same servers, fit to be shown. */
export function maskedParts({ servers, waiting, conflicts }: Parts): Parts {
  return {
    servers: servers.map(hidden),
    waiting: waiting.map(({ server, reasons }) => ({ server: hidden(server), reasons })),
    conflicts: conflicts.map((conflict) => ({
      name: conflict.name,
      servers: conflict.servers.map(hidden),
    })),
  };
}

function hidden(server: Merged): Merged {
  return { ...server, settings: maskedSettings(server.settings) };
}

/** Long words of letters and digits: an address may carry a key in its path. */
const OPAQUE = /[\w-]{24,}/g;

function isOpaque(word: string): boolean {
  return /\d/.test(word) && /[A-Za-z]/.test(word);
}

function withoutOpaque(tree: Tree): Tree {
  if (typeof tree === 'string') return tree.replaceAll(OPAQUE, (word) => (isOpaque(word) ? MASK : word));
  if (isList(tree)) return tree.map(withoutOpaque);
  if (!isBranch(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, withoutOpaque(value)]));
}
