// Child process of `load-in-child.ts`: reads the file named by its argument, prints the answer as JSON, and ends.
import { WatchdogError } from '../core/base/errors.ts';
import type { ChildAnswer } from './load-in-child.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './read/problems.ts';
import { readWebConfig } from './build/read-web-config.ts';

const [, , path = '', kind = 'config'] = process.argv;
process.stdout.write(JSON.stringify(answer()));

function answer(): ChildAnswer {
  try {
    if (kind === 'web') return { web: readWebConfig(path) };
    return { loaded: loadConfig(path, process.env) };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, envFiles: error.envFiles };
    if (!(error instanceof WatchdogError)) throw error;
    return { error: { code: error.code, message: error.message, hint: error.hint } };
  }
}
