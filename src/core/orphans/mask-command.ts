// Masking of secrets in command lines: values after names like TOKEN, and values in a known form.
import { REDACTED, TOKEN_FORM, WEBHOOK_PATH } from '../base/text.ts';

/** True for `API_TOKEN`, `--api-key`, `Authorization`, `DB_PASS`, …: names whose value is a secret. */
export function namesSecret(name: string): boolean {
  return NAME.test(name);
}

const TELLING = String.raw`(?:TOKEN|KEY|SECRET|PASSW|PASSPHRASE|AUTH|CREDENTIAL|COOKIE|SESSION|BEARER|(?<![A-Z\d])(?:PASS|PAT)(?![A-Z\d])|(?<=[_-])PWD(?![A-Z\d]))`;
const NAME = new RegExp(TELLING, 'i');

/**
 * Replaces the secrets in a command line; all else stays. It hides too much rather than too little, and doing it twice
 * changes nothing. A secret without a telling name or a known form is not found.
 */
export function maskCommand(text: string): string {
  return RULES.reduce((masked, rule) => rule(masked), text);
}

/** Does the same for a list of arguments, where the end of each is known. */
export function maskArguments(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const flag = argv[index - 1] ?? '';
    const isValue = /^--?[\w.-]+$/.test(flag) && namesSecret(flag) && !argument.startsWith('--');
    return isValue && argument !== '' ? REDACTED : maskCommand(argument);
  });
}

type Rule = (text: string) => string;

// Every pattern begins at a boundary, so that none scans the same long word repeatedly.
const RULES: readonly Rule[] = [
  // The text before the key may stay; the key itself has several lines.
  (text) => text.replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g, REDACTED),
  // A user name alone is a token as often as a name (https://TOKEN@host).
  (text) => text.replaceAll(/(?<=:\/\/)[^\s/?#]+@/g, `${REDACTED}@`),
  maskUser,
  maskHeaders,
  maskNamed,
  (text) => text.replaceAll(/\b(Bearer|Basic)\s+\S+/gi, `$1 ${REDACTED}`),
  (text) => text.replaceAll(KNOWN_FORM, REDACTED),
];

// A masked value is skipped with what follows it: else a second pass would remove more than the first.
const MASKED = REDACTED.replaceAll(/[[\]]/g, String.raw`\$&`);

const VALUE = String.raw`(?!${MASKED})(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|(?:(?:Bearer|Basic|Token)\s+)?[^\s"']\S*)`;

const ASSIGNED = new RegExp(
  String.raw`(?<![\w.-]|://)((?=[\w.-]*?${TELLING})[\w.-]+["']?(?:=|\s?:\s*))${VALUE}`,
  'gi',
);
const FLAGGED = new RegExp(String.raw`(?<!\S)((?=[\w.-]*?${TELLING})--?[\w.-]+\s+)(?!--)${VALUE}`, 'gi');
const HEADER = new RegExp(String.raw`(?<!\S)((?:-H|--headers?)(?:\s+|=)["']?[\w-]+\s?:\s*)${VALUE}`, 'gi');

/** `TOKEN=…`, `--api-key=…`, `?access_token=…`, `X-Api-Key: …`, `{"password": "…"}`, `--token …`. */
function maskNamed(text: string): string {
  return text.replaceAll(ASSIGNED, `$1${REDACTED}`).replaceAll(FLAGGED, `$1${REDACTED}`);
}

/** Masks `--header X-Anything: …`: such headers usually carry credentials. */
function maskHeaders(text: string): string {
  return text.replaceAll(HEADER, `$1${REDACTED}`);
}

/** `curl -u user:password` */
function maskUser(text: string): string {
  return text.replaceAll(/(?<!\S)((?:-u|--user|--proxy-user)(?:\s+|=)[^\s:]+:)\S+/g, `$1${REDACTED}`);
}

/** Beside the known tokens shorter ones: whoever writes them into a command line tests with them. */
const KNOWN_FORM = new RegExp(
  [
    String.raw`(?<![A-Za-z\d])(?:sk|rk|pk|gsk|hf|npm|r8|xai|pplx|tvly|ntn|figd|ctx7sk|gh[oprsu]|github_pat|glpat|xox[a-z]|xapp|lin_api|dop_v1)[-_](?=[\w-]{0,80}\d)[\w-]{10,}`,
    TOKEN_FORM,
    WEBHOOK_PATH,
  ].join('|'),
  'g',
);
