// Value types of the config: duration, size, address, cron and the like, each with its check, messages and JSON Schema.
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
} from '../../core/base/units.ts';
import { parseRule } from '../../core/base/schedule.ts';
import type { Quantity } from '../../core/base/units.ts';

/** setTimeout of Node fires at once beyond 2^31-1 ms; nothing that is waited for may be longer. */
const LONGEST_WAIT = 24 * 86_400_000;

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Milliseconds, written as `30s`. */
export function duration({ min = 0, max = LONGEST_WAIT }: Range = {}) {
  return quantity('30s, 5m or 1h', DURATION_PATTERN, (text) =>
    within(parseDuration(text), { min, max, format: formatDuration }),
  );
}

/** Bytes, written as `512MiB`. */
export function size({ min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}) {
  return quantity('64MiB or 2GiB', SIZE_PATTERN, (text) =>
    within(parseSize(text), { min, max, format: formatSize }),
  );
}

/** Text without NUL, which no argument and no variable of a process can carry. */
export function text() {
  return z.string().refine((value) => !value.includes('\0'), 'must not hold a NUL character');
}

export function filledText() {
  return text().min(1, 'must not be empty');
}

/** A map of text to text, with `name` as the rule for its keys. */
export function texts(name: RegExp, complaint: string) {
  return z.record(z.string().regex(name, complaint), text());
}

/** Headers of an HTTP request: what an HTTP client would refuse later, or send as something else, is refused here. */
export function headers() {
  const name = z
    .string()
    .regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of an HTTP header')
    .refine((written) => !FRAMING.includes(written.toLowerCase()), {
      error: 'is set by the HTTP client itself; leave it out',
    });
  const value = text().refine((written) => LATIN1_LINE.test(written), {
    error: 'must be one line of Latin-1 characters, as HTTP headers are',
  });
  return z.record(name, value);
}

/** Headers that say where a message ends or how a connection goes on: a second one would let a request be read as two. */
const FRAMING: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

const LATIN1_LINE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

export interface ListenAddress {
  /** Without brackets: `::1`. */
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:9638`, `[::1]:9638`, `localhost:0`; port 0 lets the system choose one. */
export function listen() {
  return z
    .string('must be text like 127.0.0.1:9638; write host and port')
    .transform((written, context): ListenAddress => {
      const parsed = parseListen(written);
      if (typeof parsed !== 'string') return parsed;
      context.issues.push({ code: 'custom', message: parsed, input: written });
      return z.NEVER;
    });
}

export function formatListen({ host, port }: ListenAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Host headers that a listener accepts beside those of this machine. */
export function allowedHosts() {
  const name = z
    .string()
    .regex(/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i, 'must be a host name, with or without a port');
  return z
    .array(name)
    .default([])
    .describe('Host names accepted beside the loopback ones; any other Host header gets 403.');
}

/** An MCP endpoint: http or https. */
export function endpoint() {
  return z
    .string()
    .refine(isHttpUrl, 'must be a url with http or https; write it like http://127.0.0.1:3000/mcp');
}

/** An address to which a name is appended; a slash is added unless it ends with one, or with a query. */
export function linkBase() {
  return z
    .string()
    .refine(
      (written) => isHttpUrl(written) && !/[\s{}]/u.test(written),
      'must be a url with http or https; write it like https://wiki.example.com/runbooks/',
    )
    .transform((written) => (/[/=#?&]$/u.test(written) ? written : `${written}/`));
}

/** Five cron fields (or six with seconds) that match some day. */
export function cron() {
  return z
    .string('must be text with five cron fields; write it like 0 2 * * 0')
    .meta({ pattern: orReference(String.raw`^\s*([\w*,/-]+\s+){4,5}[\w*,/-]+\s*$`) })
    .superRefine((written, context) => {
      const parsed = parseRule(written);
      if ('problem' in parsed) context.addIssue({ code: 'custom', message: parsed.problem, input: written });
    });
}

function quantity(example: string, pattern: string, parse: (text: string) => Quantity) {
  return z
    .string({
      error: ({ input }) =>
        input === null || input === undefined
          ? undefined
          : `must be text with a unit; write it like ${example}`,
    })
    .meta({ pattern: orReference(pattern) })
    .transform((written, context): number => {
      const parsed = parse(written);
      if ('value' in parsed) return parsed.value;
      context.issues.push({ code: 'custom', message: parsed.problem, input: written });
      return z.NEVER;
    });
}

/** An editor must not complain about `${env:GRACE}` or `${keychain:…}`. */
function orReference(pattern: string): string {
  return String.raw`${pattern}|\$\{(env|keychain|secret):`;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
}

function within(parsed: Quantity, { min, max, format }: Bounds): Quantity {
  if ('problem' in parsed) return parsed;
  if (parsed.value < min) return { problem: `must be at least ${format(min)}` };
  if (parsed.value > max) return { problem: `must be at most ${format(max)}` };
  return parsed;
}

function parseListen(written: string): ListenAddress | string {
  const cure = 'write it like 127.0.0.1:9638 or [::1]:9638';
  const [, six, name, digits] = /^(?:\[([^\]]*)\]|([^:[\]\s]*)):(\d+)$/.exec(written) ?? [];
  const host = six ?? name;
  if (host === undefined || digits === undefined) return `must be a host and a port; ${cure}`;
  if (host === '') return `must name the host; ${cure}`;
  if (six !== undefined ? !isIPv6(six) : !/^[\w.-]+$/.test(host)) return `must have a valid host; ${cure}`;
  const port = Number(digits);
  return port <= 65_535 ? { host: host.toLowerCase(), port } : 'must have a port from 0 to 65535';
}

function isHttpUrl(written: string): boolean {
  return /^https?:\/\//i.test(written) && URL.canParse(written);
}
