// What clients would miss after an update: tools that are gone, and tools that take less than before.

/** One entry of `tools/list`, as far as it is compared. */
export interface Tool {
  readonly name: string;
  /** JSON Schema. */
  readonly inputSchema: unknown;
}
