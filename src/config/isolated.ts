// How a config is read without keeping the parsers in memory: a short-lived process reads it, its result is kept.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WatchdogError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { messageOf } from '../core/unknown.ts';
import type { Environment } from './expand.ts';
import type { LoadedConfig } from './loaded.ts';
import { ConfigError } from './problems.ts';
import type { Problem } from './problems.ts';

/** What the process writes to its standard output, as JSON. */
export type Answer =
  | { readonly loaded: LoadedConfig }
  | { readonly problems: readonly Problem[] }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } };

const READER = fileURLToPath(new URL('reader-process.js', import.meta.url));

/** What a config of the largest size can come to, several times over. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/**
 * As `loadConfig`, in a process of its own: about 20 MB less resident memory here, about 0.3 s more time.
 *
 * @param signal ends the reading
 * @throws what `loadConfig` throws; CONFIG_UNREADABLE when the process itself failed
 */
export async function loadConfigIsolated(
  path: string,
  environment: Environment,
  { signal, reader = READER }: { readonly signal?: AbortSignal; readonly reader?: string } = {},
): Promise<LoadedConfig> {
  const answer = parseAnswer(path, await run([reader, path], { environment, signal }));
  if ('loaded' in answer) return answer.loaded;
  if ('problems' in answer) throw new ConfigError(path, answer.problems);
  const { code, message, hint } = answer.error;
  throw new WatchdogError(code, message, hint === null ? {} : { hint });
}

interface Surroundings {
  readonly environment: Environment;
  readonly signal: AbortSignal | undefined;
}

/** @returns the standard output, or the reason why there is none */
function run(argv: readonly string[], { environment, signal }: Surroundings): Promise<string | Error> {
  const options = {
    env: { ...environment },
    maxBuffer: LARGEST_ANSWER,
    timeout: 30_000,
    killSignal: 'SIGKILL',
    ...(signal === undefined ? {} : { signal }),
  } as const;
  return new Promise((resolve) => {
    execFile(process.execPath, argv, options, (error, output) =>
      resolve(output === '' ? (error ?? output) : output),
    );
  });
}

function parseAnswer(path: string, output: string | Error): Answer {
  try {
    if (output instanceof Error) throw output;
    const answer: Answer = JSON.parse(output);
    return answer;
  } catch (cause) {
    const reason = messageOf(cause).split('\n')[0];
    throw new WatchdogError(
      'CONFIG_UNREADABLE',
      `Cannot read ${path}: the process that reads it failed: ${reason}`,
      {
        cause,
        hint: 'try again; `mcp-watchdog config validate` reads it without a process of its own',
      },
    );
  }
}
