// Description of an MCP client's file: where it is, how it is recognised, and how its entries are read.
import type { Environment } from '../../read/env-expansion.ts';
import type { DocumentMap, DocumentValue, KeyPath } from '../../schema/document.ts';
import type { Dialect } from './references.ts';

/** `portable` is a file of `mcpServers` that belongs to no known client. */
export type ClientName =
  | 'claude-desktop'
  | 'claude-code'
  | 'cursor'
  | 'vscode'
  | 'codex'
  | 'windsurf'
  | 'zed'
  | 'gemini'
  | 'portable';

/** The machine as a client sees it. */
export interface ClientMachine {
  /** Absolute: the user's home folder. */
  readonly home: string;
  /** Absolute: where the command was typed, a project perhaps. */
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly environment: Environment;
}

/** A file that a client reads. */
export interface ClientFileLocation {
  /** Absolute. */
  readonly path: string;
  /** Absolute: the folder that the file belongs to; null when it counts for all projects. */
  readonly project: string | null;
}

/** One server of a client's file, its keys renamed to those that `read-entry.ts` reads. */
export interface ClientEntry {
  /** As the client writes it. */
  readonly name: string;
  /** Where the client starts it, as far as that is known. */
  readonly project: string | null;
  readonly written: DocumentValue;
  /** Where the file has it. */
  readonly at: KeyPath;
  /** Questions that the client would ask the user, by id. */
  readonly questions?: ReadonlyMap<string, string>;
  /** Switched off in the client. */
  readonly isOff?: boolean;
}

export interface ClientFormat {
  readonly title: string;
  readonly syntax: 'json' | 'toml';
  readonly dialect: Dialect;
  /** From `places.ts`. */
  readonly places: (where: ClientMachine) => readonly ClientFileLocation[];
  /** Whether a file found elsewhere is of this client, by its path or by what it says. */
  readonly recognises: (root: DocumentMap, path: string) => boolean;
  readonly entries: (root: DocumentMap, place: ClientFileLocation) => readonly ClientEntry[];
}
