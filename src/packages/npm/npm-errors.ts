// Errors of npm: its words, its failures to run, and what its error codes mean for people.
import { isObject, parseJson } from '../../core/base/guards.ts';
import { neutralise } from '../../core/base/text.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import { aborted, diskFull, firstLine, FULL } from '../manager/install-error.ts';
import type { InstallError, InstallTarget, ManagerWords } from '../manager/install-error.ts';

export const NPM_WORDS: ManagerWords = {
  tool: 'npm',
  cache: "npm's cache (`npm config get cache`)",
  ageSettings: '`before` or `min-release-age` in ~/.npmrc',
  wishes: 'an exact version, a range such as ^4.1.0, or a tag such as latest',
  elsewhere: 'Look for `global`, `dry-run` or `location` in ~/.npmrc: they send packages elsewhere.',
};

/** A name that must not reach npm's command line. */
export function notAName(name: string): InstallError {
  const hint = 'Set `package` to a name as the registry shows it, such as @upstash/context7-mcp.';
  return { code: 'UNKNOWN_PACKAGE', reason: `"${name}" is no package name`, hint, isConfigFault: true };
}

export function noNpm(): InstallError {
  const hint = 'Install npm beside node, or put it on the PATH of the daemon.';
  return {
    code: 'INSTALL_FAILED',
    reason: `there is no npm beside ${process.execPath} and none on the PATH`,
    hint,
  };
}

export function unreadableAnswer(): InstallError {
  const hint = 'Check the registry in ~/.npmrc, and what `npm view` prints for this package.';
  return { code: 'INSTALL_FAILED', reason: 'what the registry answered cannot be understood', hint };
}

/** @param engine the range in `engines.node` */
export function wrongEngine(culprit: string, engine: string): InstallError {
  return {
    code: 'ENGINE_MISMATCH',
    reason: `${culprit} needs node ${engine}, this is ${process.version}`,
    hint: ANOTHER_NODE,
    isConfigFault: true,
  };
}

const ANOTHER_NODE =
  'Run mcp-watchdog with a node that fits, set `version` to one that runs on this node, or try it all the same with `update: {ignoreEngines: true}`.';

/** @param what the dependency, or npm's words about it */
export function foreignSource(what: string): InstallError {
  return {
    code: 'INSTALL_FAILED',
    reason: `a dependency comes from git, an address or a file, which no registry vouches for: ${neutralise(what)}`,
    hint: 'Ask its maintainers for a release without it. `update: {allowGit: true}` allows it for this server: its code may then run at once.',
    isConfigFault: true,
  };
}

/** The error of one npm run; `code` is npm's or the system's, or the exit code of a script. */
export interface NpmError {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
}

/** Reads what npm 10, 11 and 12 print with `--json`, or else the last line on stderr. */
export function readNpmError({ stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>): NpmError {
  const printed = readJson(stdout);
  if (printed !== null) return printed;
  const lines = word(stderr).split('\n');
  const words = lines
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '');
  const code = words.map((line) => /^code (\S+)$/.exec(line)?.[1]).find((each) => each !== undefined);
  const last = words.findLast((line) => !/^code |^A complete log/.test(line));
  return { code: code ?? 'UNKNOWN', summary: last ?? 'npm said nothing', detail: '' };
}

function readJson(stdout: string): NpmError | null {
  // Scripts that run in the foreground print before it.
  for (let start = stdout.indexOf('{'); start !== -1; start = stdout.indexOf('\n{', start + 1)) {
    const printed = parseJson(stdout.slice(start));
    if (!isObject(printed)) continue;
    const { error } = printed;
    if (!isObject(error)) return null;
    return {
      code: word(error['code']) || 'UNKNOWN',
      summary: word(error['summary']),
      detail: word(error['detail']),
    };
  }
  return null;
}

/** Escapes control characters: a package chooses some of these words, and they reach terminals. */
function word(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return text.split('\n').map(neutralise).join('\n').trim();
}

/**
 * Explains why npm failed; null when it succeeded.
 *
 * @param timeout ms that it was given, or with `isStall` ms that it may go without progress
 */
export function errorOfResult(
  result: CommandResult,
  {
    timeout,
    isStall = false,
    wanted,
  }: { readonly timeout: number; readonly isStall?: boolean; readonly wanted: InstallTarget },
): InstallError | null {
  if (result.aborted) return aborted();
  if (result.timedOut) return npmTimedOut(timeout, isStall);
  if (result.spawnError !== null) return npmUnstartable(result.spawnError);
  if (result.signal !== null) return npmDied(result.signal);
  return result.code === 0 ? null : explainNpmError(readNpmError(result), wanted);
}

/** @param how the signal that ended npm, or the system's code when it did not start */
function npmDied(how: string): InstallError {
  const hint =
    'The system may have run out of memory; npm takes about 250 MB. It is tried again without your doing.';
  return { code: 'INSTALL_FAILED', reason: `npm was ended by ${how}`, hint };
}

function npmUnstartable(code: string): InstallError {
  const hint = `Check that ${process.execPath} still exists: an upgrade of node may have moved it. If so, restart the daemon.`;
  return { code: 'INSTALL_FAILED', reason: `npm cannot be started (${code})`, hint };
}

/** @param limit ms */
function npmTimedOut(limit: number, isStall: boolean): InstallError {
  const hint =
    'Check the network and the registry in ~/.npmrc. What was downloaded is kept for the next attempt.';
  const time = `${Math.round(limit / 1000)} s`;
  const reason = isStall ? `npm made no progress for ${time}` : `npm was not done after ${time}`;
  return { code: 'INSTALL_FAILED', reason, hint, unreachable: true };
}

const OFFLINE: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'ENOTCACHED',
]);
const BROKEN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ERR_SOCKET_TIMEOUT',
  'FETCH_ERROR',
]);
const SLOW: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EIDLETIMEOUT',
  'ERESPONSETIMEOUT',
  'ECONNECTIONTIMEOUT',
  'ETRANSFERTIMEOUT',
]);
const DENIED: ReadonlySet<string> = new Set([
  'E401',
  'E403',
  'EAUTH',
  'EOTP',
  'ENEEDAUTH',
  'EAUTHUNKNOWN',
  'EAUTHIP',
]);

/** Explains one error of npm by its code. */
export function explainNpmError(error: NpmError, wanted: InstallTarget): InstallError {
  const { code, summary } = error;
  if (code === 'E404') return unknownPackage(error, wanted);
  if (code === 'ETARGET') return unknownVersion(error, wanted);
  if (code === 'ENOVERSIONS') return failed(`${firstLine(summary)}, or none that is old enough`, TOO_YOUNG);
  if (/^EALLOW(?:GIT|REMOTE|FILE|DIRECTORY)$/.test(code))
    return foreignSource(firstLine(error.detail) || firstLine(summary));
  if (code === 'EBADENGINE') return engineMismatch(error, wanted);
  if (code === 'EBADPLATFORM') return failed(firstLine(summary), 'The package is made for another system.');
  if (FULL.includes(code) || /\bENOSPC\b/.test(summary)) return diskFull(wanted.folder, NPM_WORDS);
  if (code === 'EINTEGRITY')
    return failed('what arrived is not what the registry promised (EINTEGRITY)', MANGLED);
  if (DENIED.has(code)) return failed(`the registry refuses us (${code})`, TOKEN);
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code))
    return failed(`the registry's certificate is not trusted (${code})`, TRUST);
  return unreached(error) ?? failed(`${firstLine(summary)} (${code})${lastWords(error)}`, BY_HAND);
}

const BY_HAND = 'Run the same `npm install` by hand to see more.';
const MANGLED = "A proxy may change downloads, or npm's cache is damaged: run `npm cache verify`.";
const TOKEN = 'Log in with `npm login`, or put a valid token for this registry into ~/.npmrc.';
const TRUST =
  'Give npm the certificate: `npm config set cafile FILE`, or NODE_EXTRA_CA_CERTS in the environment.';
const NETWORK =
  'Check the network, the proxy and the registry in ~/.npmrc. It is tried again without your doing.';

function unreached({ code, summary }: NpmError): InstallError | null {
  const because = `(${code}: ${firstLine(summary)})`;
  if (OFFLINE.has(code)) {
    return {
      code: 'OFFLINE',
      reason: `the registry cannot be reached ${because}`,
      hint: NETWORK,
      unreachable: true,
    };
  }
  if (SLOW.has(code) || /timeout/i.test(summary))
    return lost(`the registry does not answer in time ${because}`);
  if (BROKEN.has(code)) return lost(`the connection to the registry broke ${because}`);
  return /^E(5\d\d|429)$/.test(code) ? lost(`the registry is in trouble ${because}`) : null;
}

function lost(reason: string): InstallError {
  return { ...failed(reason, NETWORK), unreachable: true };
}

function failed(reason: string, hint: string): InstallError {
  return { code: 'INSTALL_FAILED', reason, hint };
}

function unknownPackage({ summary }: NpmError, { package: name }: InstallTarget): InstallError {
  // It has the package: `latest`, or what was asked for, points nowhere.
  if (summary.startsWith('No match found for version ')) return failed(firstLine(summary), DEPENDENCY);
  const [, path = ''] = /GET \S+?:\/\/[^/]+\/(\S*)/.exec(summary) ?? [];
  const asked = `/${path.replace(/%2f/i, '/')}`;
  if (path !== '' && !asked.endsWith(`/${name}`))
    return failed(`the registry lacks something it needs: ${firstLine(summary)}`, DEPENDENCY);
  const hint = 'Check the spelling of `package`. A private one needs its registry and a token in ~/.npmrc.';
  return { code: 'UNKNOWN_PACKAGE', reason: `the registry knows no package "${name}"`, hint };
}

const DEPENDENCY = 'Ask the maintainers of the package, or set `version` to one that can be installed.';

function unknownVersion({ summary }: NpmError, { package: name, spec }: InstallTarget): InstallError {
  if (!summary.includes(` ${name}@`))
    return failed(firstLine(summary), / with a date before /.test(summary) ? TOO_YOUNG : DEPENDENCY);
  const hint = `See which there are: \`npm view ${name} versions dist-tags\`.`;
  return {
    code: 'UNKNOWN_VERSION',
    reason: `the registry has no such version or tag of it, asked for ${spec}`,
    hint,
  };
}

const TOO_YOUNG = 'Wait until what it needs is old enough, or lower `update.minimumAge`.';

/** Only where the user's settings say `engine-strict`. */
function engineMismatch({ summary, detail }: NpmError, { package: name }: InstallTarget): InstallError {
  const [, culprit = 'it'] = /Not compatible with your version of node\/npm: (\S+)/.exec(summary) ?? [];
  const [, engine = 'another version'] = /"node":"([^"]+)"/.exec(detail) ?? [];
  const error = wrongEngine(culprit, engine);
  if (!culprit.startsWith(`${name}@`)) return { ...error, hint: ENGINE_STRICT };
  return { ...error, unfitVersion: culprit.slice(name.length + 1) };
}

const ENGINE_STRICT =
  '`engine-strict` in your npm settings refuses it. Remove that, or set `update: {ignoreEngines: true}`: npm then only warns.';

/** The last line of what a script printed, which is in the detail. */
function lastWords({ code, detail }: NpmError): string {
  const last = detail.trim().split('\n').at(-1) ?? '';
  return /^\d+$/.test(code) && last !== '' ? `: ${last}` : '';
}
