// Shipped rule files as the build has parsed them, which replaces this module: none where the sources run.

interface ParsedRules {
  /** SHA-256 of the file, in hex: another file is parsed when it is read. */
  readonly hash: string;
  /** What the file holds, as JSON. */
  readonly json: string;
}

/** By the name of the file. */
export const PARSED_RULES: Readonly<Record<string, ParsedRules>> = {};
