// Safe display of foreign text: no control characters, bounded length, no secrets.

// Escape sequences that terminals act on: CSI (colours, cursor), OSC (titles, links, clipboard), and two-character ones.
// None of them may hold its own beginning, or a line of beginnings would be searched to its end for each.
export const ESCAPE_SEQUENCES =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B\]|\u009D)[^\u0007\u001B\u009C\u009D]*(?:\u0007|\u001B\\|\u009C)|\u001B[ -/]+[0-~]|\u001B[0-Z\\-~]/gu;

// Controls, format characters (bidi overrides, invisible ones), line and paragraph separators, lone surrogates.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const EACH_UNSAFE = new RegExp(UNSAFE, 'gu');

/** Needed in ordinary text: indentation, and the joiners of emoji and of Persian and Indic scripts. */
const HARMLESS: ReadonlySet<string> = new Set(['\t', '\u200C', '\u200D']);

/**
 * Makes text harmless for a terminal: colours and other escape sequences are removed, every other control or bidi
 * character becomes a visible `\x07` or `\u202e`. Doing it twice changes nothing.
 */
export function neutralise(text: string): string {
  if (!UNSAFE.test(text)) return text;
  return text.replaceAll(ESCAPE_SEQUENCES, '').replaceAll(EACH_UNSAFE, (character) => {
    if (HARMLESS.has(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xffff) return `\\u{${code.toString(16)}}`;
    return code > 0xff
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\x${code.toString(16).padStart(2, '0')}`;
  });
}

/** Cuts text to at most `length` UTF-16 units; a cut is shown by a final `…` and never splits a character. */
export function truncate(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = length - 1;
  return `${text.slice(0, isHighSurrogate(text, end - 1) ? end - 1 : end)}…`;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Hashes a text to 32 bits, the same each time: FNV-1a. */
export function hashText(text: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619) >>> 0;
  }
  return hash;
}

/** Strips user, password, query and fragment, in which secrets travel; null when it is no URL. */
export function stripUrlSecrets(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** Replacement for a secret. */
export const REDACTED = '[secret]';

/** Shorter values (`true`, `8080`, `info`) are too common in ordinary text to be searched for. */
export const SHORTEST_SECRET = 8;

const SHORTEST_SECRET_HEAD = 4;

/** Removes the secrets of all servers from any text, and what by its form can be nothing but a token. */
export interface Redactor {
  /** @param isCut the end of `text` was cut off: a secret may have been cut in two, so its head goes as well */
  readonly scrub: (text: string, isCut?: boolean) => string;
  /** The same for every string, number and key inside a JSON value. */
  readonly scrubValue: (value: unknown) => unknown;
  /** The same for a value of a known form: texts stay texts, and no number is touched. */
  readonly scrubWithin: <T>(value: T) => T;
  /** Adds secrets; none is ever forgotten, because a process that was given it may live longer than the config. */
  readonly learn: (secrets: Iterable<string>) => void;
}

/** @param secrets values, not names; those shorter than `SHORTEST_SECRET` are ignored */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const forms = new Set<string>();
  let pattern: RegExp | null = null;

  function learn(more: Iterable<string>): void {
    for (const secret of more) for (const form of formsOf(secret)) forms.add(form);
    // Longest first: where one secret contains another, nothing of the longer one may remain.
    const longestFirst = [...forms].sort((a, b) => b.length - a.length);
    pattern = longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escapePattern).join('|'), 'gu');
  }

  function scrub(text: string, isCut = false): string {
    const known = pattern === null ? text : text.replaceAll(pattern, REDACTED);
    const whole = maskTokens(known, REDACTED);
    return isCut ? withoutHead(whole, forms) : whole;
  }

  function scrubValue(value: unknown): unknown {
    if (typeof value === 'string') return scrub(value);
    if (typeof value === 'number') return scrub(String(value)) === String(value) ? value : REDACTED;
    if (Array.isArray(value)) return value.map(scrubValue);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [scrub(key), scrubValue(inner)]));
  }

  function scrubTexts(value: unknown): unknown {
    if (typeof value === 'string') return scrub(value);
    if (Array.isArray(value)) return value.map(scrubTexts);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [scrub(key), scrubTexts(inner)]));
  }

  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- texts were replaced by texts, nothing else
  const scrubWithin = <T>(value: T): T => scrubTexts(value) as T;

  learn(secrets);
  return { scrub, scrubValue, scrubWithin, learn };
}

// A secret of several lines (a key file) is printed line by line; `Bearer x` is also printed as x; what is printed may be
// escaped for JSON or for a URL, or have passed `neutralise`.
function formsOf(secret: string): string[] {
  const credential = /^(?:bearer|basic|token)\s+(.+)$/isu.exec(secret)?.[1];
  const pieces = [secret, ...(credential === undefined ? [] : [credential])].flatMap((text) =>
    text.split(/\r?\n/u),
  );
  return pieces
    .map((piece) => piece.trim())
    .flatMap((piece) =>
      piece.length < SHORTEST_SECRET ? [] : [piece, neutralise(piece), inJson(piece), inUrl(piece)],
    )
    .filter((form) => form.length >= SHORTEST_SECRET);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inUrl(text: string): string {
  // encodeURIComponent throws on a lone surrogate.
  return /\p{Cs}/u.test(text) ? text : encodeURIComponent(text);
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}

function withoutHead(text: string, forms: Iterable<string>): string {
  for (const form of forms) {
    for (let length = form.length - 1; length >= SHORTEST_SECRET_HEAD; length -= 1) {
      if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + REDACTED;
    }
  }
  return text;
}

/**
 * Each begins with what its issuer puts there, at a boundary; what may hold words as well must hold a digit. No part
 * scans a long text again for each of its own beginnings.
 */
const FORMS = [
  // OpenAI, Anthropic, OpenRouter, Stripe, Langfuse
  String.raw`(?:sk|rk|pk)[-_](?=[\w-]{0,80}\d)[\w-]{16,}`,
  // GitHub, Groq, Hugging Face, npm, Replicate, Notion, Figma, Linear, DigitalOcean, Supabase, Docker, Stripe's webhooks
  String.raw`(?:gh[oprsu]|gsk|hf|npm|r8|ntn|figd|lin_api|dop_v1|sbp|dckr_pat|whsec|shp(?:at|ss|ca|pa)|sq0[a-z]{3})[-_][A-Za-z\d-]{16,}`,
  String.raw`(?:github_pat_|glpat-|gldt-|glrt-|glsa_|nvapi-|pplx-|xai-|tvly-|ctx7sk-|sntr[yu]s_|phc_|PMAK-|xkeysib-|GOCSPX-|pypi-|hv[sb]\.|dapi)[\w-]{16,}`,
  String.raw`xox[a-z]-[\w-]{10,}`,
  String.raw`xapp-[\w-]{10,}`,
  String.raw`(?:AKIA|ASIA)[\dA-Z]{12,}`,
  String.raw`AIza[\w-]{20,}`,
  String.raw`ya29\.[\w.-]{8,}`,
  String.raw`ATATT3x[\w=-]{16,}`,
  // A JSON Web Token
  String.raw`eyJ[\w-]{8,1024}(?:\.[\w-]+){1,4}`,
  // SendGrid
  String.raw`SG\.[\w-]{16,64}\.[\w-]{16,}`,
  // A bot of Telegram
  String.raw`\d{8,10}:AA[\w-]{30,}`,
];

/** A token in any of these forms. */
export const TOKEN_FORM = String.raw`(?<![A-Za-z\d])(?:${FORMS.join('|')})`;

/** The hidden part of the address of a webhook of Slack or Discord. */
export const WEBHOOK_PATH = String.raw`(?<=hooks\.slack\.com/(?:services|workflows)/|discord(?:app)?\.com/api/webhooks/)[\w/-]{8,}`;

const KNOWN = new RegExp(`${TOKEN_FORM}|${WEBHOOK_PATH}`, 'gu');

/** Replaces each known token. */
export function maskTokens(text: string, mask: string): string {
  return text.replaceAll(KNOWN, mask);
}

/** Finds each known token. */
export function tokensIn(text: string): string[] {
  return text.match(KNOWN) ?? [];
}
