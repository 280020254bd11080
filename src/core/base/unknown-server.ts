// Error for a server name that the config does not have.
import { WatchdogError } from './errors.ts';
import { suggestSpelling } from './suggest.ts';

/** Builds UNKNOWN_SERVER; its hint is the nearest of `known`, else all of them. */
export function unknownServer(name: string, known: readonly string[]): WatchdogError {
  const guess = suggestSpelling(name, known);
  const all = known.length === 0 ? 'No servers are configured' : `Servers: ${known.join(', ')}`;
  return new WatchdogError(
    'UNKNOWN_SERVER',
    `Cannot find the server "${name}": the config has no such name`,
    {
      hint: guess === null ? all : `Did you mean ${guess}?`,
    },
  );
}
