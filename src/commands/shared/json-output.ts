// JSON envelope of `--json`: version, success or failure, and the data or the error.
import { WatchdogError, type ErrorCode } from '../../core/base/errors.ts';

/** Raised when a reader of the old envelope, or of the data of any command, would misread the new one. */
const JSON_VERSION = 1;

/** What `--json` prints once; its JSON Schema is in docs/json-output.md. */
export type Envelope =
  | { readonly version: number; readonly ok: true; readonly data: unknown }
  | { readonly version: number; readonly ok: false; readonly error: EnvelopeError };

interface EnvelopeError {
  /** `UNEXPECTED` for what should not happen. */
  readonly code: ErrorCode | 'UNEXPECTED';
  readonly message: string;
  /** The cure; null where none is known. */
  readonly hint: string | null;
  /** What the command found out beside that: the problems of a config, the steps of a deployment. Left out where there is nothing. */
  readonly details?: object;
}

/** A failure that has data for programs beside its message. */
export class DetailedError extends WatchdogError {
  readonly details: object;

  constructor(
    code: ErrorCode,
    message: string,
    { details, ...options }: { details: object; hint?: string; cause?: unknown },
  ) {
    super(code, message, options);
    this.details = details;
  }
}

/** Wraps the data of a command that did its work, whatever it found. */
export function success(data: unknown): Envelope {
  return { version: JSON_VERSION, ok: true, data };
}

/** Wraps the error of a command that did not. */
export function failure(
  error: unknown,
  { message, hint }: { readonly message: string; readonly hint: string | null },
): Envelope {
  const code = error instanceof WatchdogError ? error.code : 'UNEXPECTED';
  const details = detailsOf(error);
  return {
    version: JSON_VERSION,
    ok: false,
    error: { code, message, hint, ...(details === null ? {} : { details }) },
  };
}

function detailsOf(error: unknown): object | null {
  if (error instanceof DetailedError) return error.details;
  // Of a ConfigError, whose module would load the parser of configs with every command.
  if (error instanceof WatchdogError && 'problems' in error) return { problems: error.problems };
  return null;
}

/** Writes a value as JSON text, times and durations as whole milliseconds. @param indent spaces; 0 for one line */
export function toJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, wholeMilliseconds, indent);
}

/** Keys that hold milliseconds: clocks and jitter make fractions of them, which no reader expects. */
const MILLISECONDS = /(?:^at|At|Ms|^took|^age|^since|^backoff|^delay|^duration)$/u;

function wholeMilliseconds(key: string, value: unknown): unknown {
  return typeof value === 'number' && MILLISECONDS.test(key) ? Math.round(value) : value;
}

/** Tells whether a command line asks for JSON, also one that cannot be understood. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}
