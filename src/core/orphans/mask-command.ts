// What of a command line must not be shown: what stands after a telling name, or looks like a secret by its form.
import { REDACTED } from '../base/text.ts';

/** True for `API_TOKEN`, `--api-key`, `Authorization`, `DB_PASS`, …: names after which a secret follows. */
export function namesSecret(name: string): boolean {
  return NAME.test(name);
}

const TELLING = String.raw`(?:TOKEN|KEY|SECRET|PASSW|PASSPHRASE|AUTH|CREDENTIAL|COOKIE|SESSION|BEARER|(?<![A-Z\d])(?:PASS|PAT)(?![A-Z\d])|(?<=[_-])PWD(?![A-Z\d]))`;
const NAME = new RegExp(TELLING, 'i');

/**
 * A command line with its secrets taken out; all else stays as it is. It rather hides too much than too little, and
 * doing it twice changes nothing. What has no telling name and no known form is not found.
 */
export function maskCommand(text: string): string {
  return RULES.reduce((masked, rule) => rule(masked), text);
}

/** The same for a list of arguments, where it is known where each of them ends. */
export function maskArguments(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const flag = argv[index - 1] ?? '';
    const isValue = /^--?[\w.-]+$/.test(flag) && namesSecret(flag) && !argument.startsWith('--');
    return isValue && argument !== '' ? REDACTED : maskCommand(argument);
  });
}

type Rule = (text: string) => string;

// Every pattern begins at a boundary: none looks at the same long word again and again.
const RULES: readonly Rule[] = [
  // What the key is for may stay, the key itself is of several lines.
  (text) => text.replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*/g, REDACTED),
  // A user name alone is a token as often as a name (https://TOKEN@host).
  (text) => text.replaceAll(/(?<=:\/\/)[^\s/?#]+@/g, `${REDACTED}@`),
  maskUser,
  maskHeaders,
  maskNamed,
  (text) => text.replaceAll(/\b(Bearer|Basic)\s+\S+/gi, `$1 ${REDACTED}`),
  (text) => text.replaceAll(KNOWN_FORM, REDACTED),
];

// What is masked already stays, with what follows it: else a second time would take more away than the first.
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

/** `--header X-Anything: …`: headers are there for credentials. */
function maskHeaders(text: string): string {
  return text.replaceAll(HEADER, `$1${REDACTED}`);
}

/** `curl -u user:password` */
function maskUser(text: string): string {
  return text.replaceAll(/(?<!\S)((?:-u|--user|--proxy-user)(?:\s+|=)[^\s:]+:)\S+/g, `$1${REDACTED}`);
}

/** As issued by model vendors, code hosts, chats and clouds; a digit tells them from words of the same beginning. */
const KNOWN_FORM = new RegExp(
  [
    String.raw`(?<![A-Za-z\d])(?:sk|rk|pk|gsk|hf|npm|r8|xai|pplx|tvly|ntn|figd|ctx7sk|gh[oprsu]|github_pat|glpat|xox[a-z]|xapp|lin_api|dop_v1)[-_](?=[\w-]{0,80}\d)[\w-]{10,}`,
    String.raw`(?<![A-Za-z\d])(?:AKIA|ASIA)[\dA-Z]{12,}`,
    String.raw`(?<![A-Za-z\d])AIza[\w-]{20,}`,
    String.raw`(?<![A-Za-z\d])ya29\.[\w.-]{8,}`,
    String.raw`(?<![A-Za-z\d])eyJ[\w-]{8,}(?:\.[\w-]+){1,4}`,
  ].join('|'),
  'g',
);
