// The process of `isolated.ts`: reads the config named by its argument, prints the answer as JSON, and ends.
import { WatchdogError } from '../core/errors.ts';
import type { Answer } from './isolated.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './problems.ts';

process.stdout.write(JSON.stringify(answer(process.argv[2] ?? '')));

function answer(path: string): Answer {
  try {
    return { loaded: loadConfig(path, process.env) };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    if (!(error instanceof WatchdogError)) throw error;
    return { error: { code: error.code, message: error.message, hint: error.hint } };
  }
}
