// Errors meant for a person: a stable code, one sentence, and a hint.

/** Stable names of errors; the message beside it says action, reason and value. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_INVALID'
  | 'CONFIG_UNREADABLE'
  | 'CONFIG_UNSAFE'
  | 'HOME_UNUSABLE'
  | 'LOCK_HELD'
  | 'NO_DAEMON'
  | 'CONTROL_FAILED'
  | 'UNKNOWN_SERVER'
  | 'INSTALL_FAILED'
  | 'LISTEN_FAILED'
  | 'SERVICE_FAILED'
  | 'STATE_UNREADABLE'
  | 'BACKUP_FAILED'
  | 'PROCESS_TABLE_UNREADABLE';

/**
 * An error to show to a person: `message` is one sentence (what could not be done, why, the value), `hint` is the cure, or
 * null when there is none to offer.
 */
export class WatchdogError extends Error {
  override readonly name = 'WatchdogError';
  readonly code: ErrorCode;
  readonly hint: string | null;

  /** The installed command is a bundle of its own, with this class in it once more: what the rest of the program throws is one too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== WatchdogError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof Error && value.name === 'WatchdogError' && 'hint' in value && 'code' in value;
  }

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
  }
}
