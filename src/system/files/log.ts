// The watchdog's own log: JSON lines with fixed sentences, the facts beside them, and no secrets.
import { pino } from 'pino';
import type { Logger as PinoLogger } from 'pino';
import { REDACTED } from '../../core/base/text.ts';
import type { Redactor } from '../../core/base/text.ts';
import type { Clock } from '../time/clock.ts';
import { openRotatingFile } from './rotating-file.ts';
import type { RotatingFile } from './rotating-file.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** @param facts any JSON; an `err` that is an Error is written with its type, message, stack and cause */
type LogMethod = (facts: Readonly<Record<string, unknown>>, sentence: string) => void;

/** Interface through which the parts of the daemon log. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
}

export interface Log extends Logger {
  level: LogLevel;
  /** Lines that were not written to disk, since the log was opened. */
  readonly dropped: number;
  flush(): Promise<void>;
  /** For use before an exit: blocks until all is written, or the disk refuses. */
  flushSync(): void;
  close(): Promise<void>;
}

export interface LogOptions {
  /** Null for no file. */
  readonly path: string | null;
  readonly level: LogLevel;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Also called with each line, newline included: standard output of a daemon without a terminal. */
  readonly alsoTo?: (line: string) => void;
  /** Called when the disk refuses (the error) or works again (null): the log itself cannot tell. */
  readonly onTrouble?: (error: Error | null) => void;
  readonly maxSize?: number;
  readonly keep?: number;
}

const DEFAULT_MAX_SIZE = 10 * 1024 * 1024;
const DEFAULT_KEEP = 5;

/** Facts that are always secret; known secret values are removed from every line besides. */
const SECRET_FACTS = ['env', 'headers', 'authorization', '*.env', '*.headers', '*.authorization'];

/** Reads `MCP_LOG_LEVEL`; `info` when it is unset or names no level. */
export function readLogLevel(environment: NodeJS.ProcessEnv = process.env): LogLevel {
  const asked = environment['MCP_LOG_LEVEL']?.toLowerCase();
  return LOG_LEVELS.find((level) => level === asked) ?? 'info';
}

/** Creates a log with lines like `{"level":"warn","time":"2026-01-01T00:00:00.000Z","server":"context7","msg":"Restarting server"}`. */
export function createLog(options: LogOptions): Log {
  const file =
    options.path === null
      ? null
      : openFile(options.path, options, (facts, sentence) => writer.warn(facts, sentence));
  const writer = createWriter(options, (line) => {
    const safe = scrubLine(line, options.redactor);
    file?.write(safe);
    options.alsoTo?.(safe);
  });
  let shown = LOG_LEVELS.find((level) => level === writer.level) ?? 'info';
  return {
    ...loggerOf(writer),
    // Asked for with each event; the library works it out anew each time.
    get level() {
      return shown;
    },
    set level(level) {
      writer.level = level;
      shown = level;
    },
    get dropped() {
      return file?.dropped ?? 0;
    },
    flush: async () => await file?.flush(),
    flushSync: () => file?.flushSync(),
    close: async () => await file?.close(),
  };
}

function openFile(
  path: string,
  { clock, maxSize, keep, onTrouble }: LogOptions,
  warn: LogMethod,
): RotatingFile {
  return openRotatingFile({
    path,
    maxSize: maxSize ?? DEFAULT_MAX_SIZE,
    keep: keep ?? DEFAULT_KEEP,
    clock,
    onDropped: (lines, bytes) =>
      warn({ lines, bytes }, 'Log lines are missing here: the disk did not take them'),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
}

function createWriter({ clock, level }: LogOptions, write: (line: string) => void): PinoLogger {
  // No transport: it would be a worker thread with a heap of its own.
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_FACTS, censor: REDACTED },
    },
    { write },
  );
}

function loggerOf(writer: PinoLogger): Logger {
  return {
    trace: (facts, sentence) => writer.trace(facts, sentence),
    debug: (facts, sentence) => writer.debug(facts, sentence),
    info: (facts, sentence) => writer.info(facts, sentence),
    warn: (facts, sentence) => writer.warn(facts, sentence),
    error: (facts, sentence) => writer.error(facts, sentence),
    fatal: (facts, sentence) => writer.fatal(facts, sentence),
  };
}

// Searching the whole line is quick and mostly finds nothing; replacing in the text could break the JSON.
function scrubLine(line: string, redactor: Redactor): string {
  if (redactor.scrub(line) === line) return line;
  return `${JSON.stringify(redactor.scrubValue(JSON.parse(line)))}\n`;
}
