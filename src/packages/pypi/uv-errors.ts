// Errors of uv: its words, its failures to run, and what the texts that it prints mean for people.
import { registryName } from '../../core/model/package.ts';
import { neutralise, truncate } from '../../core/base/text.ts';
import { normalizeName } from '../../core/python/requirement.ts';
import { isDarwin } from '../../system/platform.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import { aborted, diskFull, mislabelled } from '../manager/install-error.ts';
import type { InstallError, InstallTarget, ManagerWords } from '../manager/install-error.ts';

export const UV_WORDS: ManagerWords = {
  tool: 'uv',
  cache: "uv's cache (`uv cache dir`)",
  ageSettings: '`exclude-newer` in uv.toml, or UV_EXCLUDE_NEWER',
  wishes: 'an exact version, specifiers such as >=1,<2 or ~=1.4, or latest',
  elsewhere: 'Look for `target` or `prefix` below `[pip]` in uv.toml: they send packages elsewhere.',
};

const SCRIPT = 'curl -LsSf https://astral.sh/uv/install.sh | sh; see docs.astral.sh/uv.';
const GET_UV = `Install it: ${isDarwin ? 'brew install uv, or ' : ''}${SCRIPT}`;
/** How to bring uv up to date. */
export const UPDATE_UV = isDarwin
  ? 'uv self update, or brew upgrade uv'
  : 'uv self update, or as it was installed';

export function noUv(): InstallError {
  const reason = 'there is no uv, which installs Python packages, on the PATH or in ~/.local/bin';
  return { code: 'INSTALL_FAILED', reason, hint: GET_UV };
}

export function oldUv(path: string, version: string, oldest: string): InstallError {
  const reason = `uv ${version} (${path}) is older than ${oldest}`;
  return { code: 'INSTALL_FAILED', reason, hint: `Update it: ${UPDATE_UV}.` };
}

export function uvBroken(path: string, why: string): InstallError {
  return { code: 'INSTALL_FAILED', reason: `${path} does not run (${why})`, hint: GET_UV };
}

/** An id that must not reach the command line of uv. */
export function notAPythonName(id: string): InstallError {
  const hint = 'Set `package` to pypi: and a name as the index shows it, such as pypi:mcp-server-git.';
  return { code: 'UNKNOWN_PACKAGE', reason: `"${id}" is no package name`, hint, isConfigFault: true };
}

export function unreadableIndex(): InstallError {
  const hint = 'Check the index in uv.toml or UV_DEFAULT_INDEX.';
  return { code: 'INSTALL_FAILED', reason: 'what the index answered cannot be understood', hint };
}

/** @param what the dependency, or the line of the lock */
export function foreignRequirement(what: string): InstallError {
  return {
    code: 'INSTALL_FAILED',
    reason: `a dependency comes from git, an address or a file, which no index vouches for: ${neutralise(what)}`,
    hint: 'Ask its maintainers for a release without it. uv installs no such dependency of a package.',
    isConfigFault: true,
  };
}

export function noSuchExtra(extra: string, known: readonly string[]): InstallError {
  const reason = `it has no extra "${extra}"${known.length === 0 ? '' : `, only ${known.join(', ')}`}`;
  return { code: 'INSTALL_FAILED', reason, hint: 'Correct the names in brackets.', isConfigFault: true };
}

/** What was to be done: the config's own package explains more than a dependency. */
export interface UvTask {
  readonly wanted: InstallTarget;
  /** Ms that it was given, or with `isStall` that it may go without progress. */
  readonly timeout: number;
  readonly isStall?: boolean;
  /** Whether a limit of ours, by age, was passed. */
  readonly isLimited?: boolean;
}

/** Explains why uv failed; null when it succeeded. */
export function errorOfUv(result: CommandResult, task: UvTask): InstallError | null {
  if (result.aborted) return aborted();
  if (result.timedOut) return timedOut(task);
  if (result.spawnError !== null) return uvBroken('uv', result.spawnError);
  const { code, signal, stderr } = result;
  if (code === 0) return null;
  if (signal !== null || code === null || code > 128) return died(signal ?? `signal ${(code ?? 128) - 128}`);
  return explainUv(stderr, task);
}

function timedOut({ timeout, isStall = false }: UvTask): InstallError {
  const time = `${Math.round(timeout / 1000)} s`;
  const reason = isStall ? `uv made no progress for ${time}` : `uv was not done after ${time}`;
  return { ...failed(reason, NETWORK), unreachable: true };
}

function died(how: string): InstallError {
  const hint = 'The system may have run out of memory. It is tried again without your doing.';
  return failed(`uv was ended by ${how}`, hint);
}

interface Context {
  /** What uv printed, in one line. */
  readonly gist: string;
  readonly task: UvTask;
}

type Explain = (found: RegExpExecArray, context: Context) => InstallError;

const NETWORK =
  'Check the network, the proxy and the index in uv.toml. It is tried again without your doing.';
const TOKEN =
  'Log in with `uv auth login`, or give user and token in ~/.netrc or UV_INDEX_NAME_USERNAME and _PASSWORD.';
const TRUST = 'Let uv use the certificates of the system, UV_SYSTEM_CERTS=1, or name yours in SSL_CERT_FILE.';
const MANGLED = "A proxy may change downloads, or uv's cache is damaged: run `uv cache clean`.";
const NO_WHEEL =
  'Try another `python`, or let it be built, which runs its code: `update: {allowScripts: true}`.';
const TOO_YOUNG = 'Wait until what it needs is old enough, or lower `update.minimumAge`.';
const DEPENDENCY = 'Ask the maintainers of the package, or set `version` to one that can be installed.';
const ANOTHER_PYTHON =
  'Set `python` to a version that fits; uv downloads it unless its settings forbid that (`uv python install`).';

/** In the order in which they are looked for: an index that refuses us is also one that has nothing. */
const EXPLAINED: readonly (readonly [RegExp, Explain])[] = [
  [/os error (?:28|122)\b/u, (_found, { task }) => diskFull(task.wanted.folder, UV_WORDS)],
  [
    /lack of valid authentication|returned a 40[13]|\b40[13] (?:Unauthorized|Forbidden)/u,
    (_found, { gist }) => failed(`the index refuses us${detail(gist)}`, TOKEN),
  ],
  [
    /are you offline|dns error|network was disabled|connectivity is disabled|tcp connect error|client error \(Connect\)/u,
    offline,
  ],
  [
    /invalid peer certificate|certificate verify failed|UnknownIssuer/u,
    () => failed("the index's certificate is not trusted", TRUST),
  ],
  [
    /failed after \d+ retr|HTTP status (?:server|client) error|timed out|error sending request|connection closed/u,
    (_found, { gist }) => ({
      ...failed(`the index does not answer as it should${detail(gist)}`, NETWORK),
      unreachable: true,
    }),
  ],
  [/Hash mismatch/u, () => failed('what arrived is not what the index promised (hash mismatch)', MANGLED)],
  [
    /filtered by `exclude-newer`/u,
    (_found, { task }) =>
      task.isLimited === true
        ? failed('there is none that is old enough', TOO_YOUNG)
        : failed(
            'it is younger than the settings of uv allow',
            'Wait, or change `exclude-newer` in uv.toml, or UV_EXCLUDE_NEWER.',
          ),
  ],
  [
    /`([^`]+)` was included as a URL dependency/u,
    ([, name = 'it'], { gist }) => foreignRequirement(/adding `([^`]+)`/u.exec(gist)?.[1] ?? name),
  ],
  [/does not match|malformed wheel|reserved name/u, (_found, { gist }) => mislabelled(gist)],
  [/does not satisfy Python([^\s,]+)/u, ([, need = ''], { gist }) => wrongPython(need, gist)],
  [/No interpreter found for ([^\n]*?)(?: in | at |$)/u, ([, need = 'it']) => noPython(need)],
  [
    /no wheels with a matching|no usable wheels|building from source is disabled/u,
    (_found, { gist }) => failed(lackOfWheels(gist), NO_WHEEL),
  ],
  [
    /Because (?:the package )?`?([\w.-]+)`? was not found in the (?:package registry|cache|provided)/u,
    unknownPackage,
  ],
  [/there (?:is|are) no versions? of ([\w.-]+)|[Oo]nly ([\w.-]+)\S* (?:is|are) available/u, unknownVersion],
];

/** Explains what uv printed; its words differ from one release to the next, and are the only thing that it tells. */
export function explainUv(stderr: string, task: UvTask): InstallError {
  const gist = gistOf(stderr);
  for (const [pattern, explain] of EXPLAINED) {
    const found = pattern.exec(gist);
    if (found !== null) return explain(found, { gist, task });
  }
  return failed(firstSentence(gist) || 'uv said nothing', 'Run `uv pip install` for it by hand to see more.');
}

/** One line without the decoration of uv: arrows, boxes, `error:`, `cause:`. Control characters are escaped. */
function gistOf(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !/^\s*(?:warning|DEBUG|TRACE|INFO)\b/u.test(line))
    .map((line) =>
      neutralise(line)
        .replace(/^[\s×╰─▶│├]*(?:error: |[Cc]ause(?:d by)?: )?/u, '')
        .trim(),
    )
    .filter((line) => line !== '')
    .join(' ');
}

const LONGEST = 200;

/** What follows "because", up to the conclusion that uv draws from it. */
function firstSentence(gist: string): string {
  const [, because] = /Because (.+?)(?:,? (?:and|we can conclude)\b|$)/u.exec(gist) ?? [];
  return truncate(because ?? gist, LONGEST);
}

/** `x==1.0 has no usable wheels`: old uv say something else first. */
function lackOfWheels(gist: string): string {
  const found = /\S+ has no (?:usable wheels|wheels with a matching [^,(]+(?:\([^)]*\))?)/u.exec(gist);
  return truncate(found?.[0].trim() ?? firstSentence(gist), LONGEST);
}

function detail(gist: string): string {
  return gist === '' ? '' : ` (${truncate(gist.replace(/^.*?hint: (?=An index)/u, ''), LONGEST)})`;
}

function failed(reason: string, hint: string): InstallError {
  return { code: 'INSTALL_FAILED', reason, hint };
}

function offline(_found: RegExpExecArray, { gist }: Context): InstallError {
  return {
    code: 'OFFLINE',
    reason: `the index cannot be reached${detail(gist)}`,
    hint: NETWORK,
    unreachable: true,
  };
}

function unknownPackage([, found = '']: RegExpExecArray, { task }: Context): InstallError {
  if (!isWanted(found, task)) return failed(`the index lacks something it needs: ${found}`, DEPENDENCY);
  const hint = 'Check the spelling of `package`. A private one needs its index in uv.toml, and a token.';
  const reason = `the index knows no package "${plainName(task)}"`;
  return { code: 'UNKNOWN_PACKAGE', reason, hint };
}

function unknownVersion([, none, only]: RegExpExecArray, { task, gist }: Context): InstallError {
  // The first uv that we take says of a version that is too young only that it is not there.
  if (task.isLimited === true) return failed(`${firstSentence(gist)}, or none that is old enough`, TOO_YOUNG);
  if (!isWanted(none ?? only ?? '', task)) return failed(firstSentence(gist), DEPENDENCY);
  const hint = 'See which there are on the page of the package, such as pypi.org/project/NAME/#history.';
  return {
    code: 'UNKNOWN_VERSION',
    reason: `the index has no such version of it, asked for ${task.wanted.spec}`,
    hint,
  };
}

function plainName({ wanted }: UvTask): string {
  return registryName(wanted.package);
}

function isWanted(name: string, task: UvTask): boolean {
  // `good-mcp==7.7` and `good-mcp>=3` follow the name directly.
  return normalizeName(name.replace(/[=<>!~].*$/u, '')) === plainName(task);
}

function wrongPython(need: string, gist: string): InstallError {
  const [, present = 'another'] = /current Python version \(([^)]+)\)/u.exec(gist) ?? [];
  const reason = `it needs Python ${need}, this is ${present}`;
  return { code: 'ENGINE_MISMATCH', reason, hint: ANOTHER_PYTHON, isConfigFault: true };
}

/** @param need what was asked for, such as `Python 3.12` */
export function noPython(need: string): InstallError {
  const reason = `there is no ${need.startsWith('Python') ? need : `Python ${need}`}, and uv finds none to download`;
  return { code: 'ENGINE_MISMATCH', reason, hint: ANOTHER_PYTHON, isConfigFault: true };
}

/** The Python that what uv printed asks for, `>=3.99`; null when it is about something else. */
export function neededPython(stderr: string): string | null {
  return /does not satisfy Python([^\s,]+)/u.exec(gistOf(stderr))?.[1] ?? null;
}
