// Answers of the command line that need no parser: its help on a terminal of the usual width, and the version.
import { readVersion } from './shared/own-package.ts';
import { HELP_WIDTH, TOP_HELP } from './top-help.ts';

/** Returns what to print; null for any other command line, and for a narrow terminal, whose lines the parser breaks. */
export function quickAnswer(argv: readonly string[], columns: number | undefined): string | null {
  const [word, ...others] = argv;
  if (others.length > 0) return null;
  if (word === '-V' || word === '--version') return `${readVersion()}\n`;
  const isHelp = word === '-h' || word === '--help' || word === 'help';
  return isHelp && (columns ?? HELP_WIDTH) >= HELP_WIDTH ? TOP_HELP : null;
}
