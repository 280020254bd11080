// Recogniser of `connect NAME`, the one command line that is worth a start without the command-line parser.

export interface ShimCall {
  /** As given by `--home`; undefined when it was not given. */
  readonly home: string | undefined;
  readonly server: string;
}

/**
 * Reads `[--home DIR] connect NAME`, options anywhere. Everything else, `--help`, `--print` and mistakes included, is left
 * to the parser.
 *
 * @returns null for any other command line
 */
export function shimCall(argv: readonly string[]): ShimCall | null {
  const words: string[] = [];
  let home: string | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--no-color') continue;
    if (word === '--home') home = argv[(index += 1)] ?? '';
    else if (word.startsWith('--home=')) home = word.slice('--home='.length);
    else if (word.startsWith('-')) return null;
    else words.push(word);
  }
  const [command, server, ...others] = words;
  if (command !== 'connect' || server === undefined || server === '' || others.length > 0) return null;
  return home === '' ? null : { home, server };
}
