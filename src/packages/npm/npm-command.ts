// Command line of npm: where it is found and how it is called, depending on the user's registry settings and nothing else.
import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

import { runCommand } from '../../system/process/run-command.ts';
import type { CommandResult } from '../../system/process/run-command.ts';
import type { ManagerEnvironment, ManagerRun } from '../manager/package-manager.ts';
import { refuseProcesses } from './refuse-processes.ts';

/** @param spec `name@version`, `name@range` or `name@tag` */
export interface NpmInstall {
  readonly npm: string;
  readonly spec: string;
  /** An empty folder of ours: npm reads the `.npmrc` of its project, and nobody may have put one there. */
  readonly folder: string;
  readonly allowScripts: boolean;
  /** Overrides `engine-strict` in the user's settings. */
  readonly ignoreEngines: boolean;
  /** Whether dependencies may come from git, an address or a file. */
  readonly allowGit: boolean;
  /** Nothing that was published later, ms since the epoch, is installed; null leaves it to the user's settings. */
  readonly before: number | null;
  /** True writes the lock file only. */
  readonly isLockOnly?: boolean;
}

/** @param spec `name`, or `name@range` for each version in it */
export interface NpmView {
  readonly npm: string;
  readonly spec: string;
  readonly fields: readonly string[];
}

const CLI = join('lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');

/**
 * Finds the npm that came with `node`, else the first on the PATH; null when there is none.
 * The PATH comes second because its npm may belong to another node.
 */
export function findNpm(node: string, path: string): string | null {
  const own = join(dirname(node), '..', CLI);
  if (existsSync(own)) return realpathSync(own);
  for (const folder of path.split(delimiter).filter((each) => each !== '')) {
    const npm = join(folder, 'npm');
    if (!existsSync(npm)) continue;
    const beside = join(folder, '..', CLI);
    const real = realpathSync(npm);
    if (basename(real) === 'npm-cli.js') return real;
    if (existsSync(beside)) return realpathSync(beside);
  }
  return null;
}

// All flags here are known to npm 10, 11 and 12, of which the last refuses any other.

/** npm waits 10 s and then 60 s by default, but the caller has a backoff of its own. */
const QUICK_RETRY = ['--fetch-retry-mintimeout=1000', '--fetch-retry-factor=3'];

const FLAGS = [
  '--omit=dev',
  '--save-exact',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--loglevel=error',
  '--json',
  ...QUICK_RETRY,
];

/** Runs `npm install`; what it prints is read by `npm-errors`. */
export function runNpmInstall(install: NpmInstall, run: ManagerRun): Promise<CommandResult> {
  const { npm, spec, folder, allowScripts, ignoreEngines, allowGit, before } = install;
  const flags = [...FLAGS, '--prefix', folder, `--ignore-scripts=${!allowScripts}`];
  if (install.isLockOnly === true) flags.push('--package-lock-only');
  if (ignoreEngines) flags.push('--engine-strict=false');
  if (before !== null) flags.push(`--before=${new Date(before).toISOString()}`);
  return runNpm([npm, 'install', ...flags, '--', spec], { ...run, cwd: folder, allowScripts, allowGit });
}

/** Runs `npm install --package-lock-only`: the dependencies are chosen, and nothing of them runs. */
export function runNpmLock(install: NpmInstall, run: ManagerRun): Promise<CommandResult> {
  return runNpmInstall({ ...install, allowScripts: false, allowGit: false, isLockOnly: true }, run);
}

/**
 * Runs `npm view`: JSON of the fields that there are, by name. Of several versions it is a list; npm 12 makes one of a
 * single version too.
 */
export function runNpmView({ npm, spec, fields }: NpmView, run: ManagerRun): Promise<CommandResult> {
  const flags = ['--json', '--loglevel=error', ...QUICK_RETRY];
  // npm reads the `.npmrc` of the folder that it is run in: nobody but the administrator writes here.
  return runNpm([npm, 'view', ...flags, '--', spec, ...fields], { ...run, cwd: '/', ...NOTHING });
}

/** Runs `npm config get`: a line `key=value` for each of several keys. */
export function runNpmConfig(npm: string, keys: readonly string[], run: ManagerRun): Promise<CommandResult> {
  const argv = [npm, 'config', 'get', '--loglevel=error', ...keys];
  return runNpm(argv, { ...run, cwd: '/', ...NOTHING });
}

const NOTHING = { allowScripts: false, allowGit: false };

interface NpmRun extends ManagerRun {
  readonly cwd: string;
  readonly allowScripts: boolean;
  readonly allowGit: boolean;
}

function runNpm(
  argv: readonly string[],
  { environment, allowScripts, allowGit, ...run }: NpmRun,
): Promise<CommandResult> {
  const env = {
    ...npmEnvironment(environment, allowScripts),
    // Older npm do not stumble over a variable that they do not know: for them there is the guard.
    npm_config_allow_git: allowGit ? 'all' : 'none',
    ...(allowGit && { npm_config_allow_remote: 'all' }),
  };
  const guard = allowGit ? [] : importing(refuseProcesses(allowScripts ? 'scripts' : 'nothing'));
  const timeout = run.expiry === undefined ? run.timeout : null;
  return runCommand([process.execPath, ...DIE_WITH_PARENT, ...guard, ...argv], {
    ...run,
    timeout,
    env,
    lifeline: true,
  });
}

/** Ends npm and the scripts it runs with the daemon: stdin ends when the daemon dies, even by SIGKILL. */
const DIE_WITH_PARENT = importing(
  `process.stdin.on('end', () => process.kill(-process.pid, 'SIGKILL')).on('error', () => {}).resume().unref();`,
);

/** Returns the flags that run a module before npm. */
function importing(script: string): readonly string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
}

/** What a user may have set to reach a registry, in npm's spelling: the rest of `npm_config_*` stays behind. */
const KEPT_CONFIG =
  /^(@.*:registry|\/\/.*|registry|https?-proxy|proxy|noproxy|ca|cafile|cert|key|strict-ssl|userconfig|globalconfig|cache|before|min-release-age|maxsockets|local-address|offline|prefer-offline|fetch-(retries|timeout|retry-.*))$/;
/** What `npm start` and `npm exec` tell their scripts: true of that project, wrong for a nested install. */
const LIFECYCLE = /^(npm_(lifecycle|package)_.*|npm_command|npm_execpath|npm_node_execpath|init_cwd)$/i;

/** Builds the environment for npm: ours without what an outer npm left in it, HOME kept for the tokens in `~/.npmrc`. */
export function npmEnvironment(
  environment: ManagerEnvironment,
  allowScripts: boolean,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && reachesNpm(name)) kept[name] = value;
  }
  // npm 12 runs no script that its own list lacks; an environment variable is what older ones do not stumble over.
  if (allowScripts) kept['npm_config_dangerously_allow_all_scripts'] = 'true';
  return {
    ...extraAuthority(environment),
    ...kept,
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
  };
}

/** npm does not read SSL_CERT_FILE, where other programs find the authority of a company's network; Node reads this one. */
function extraAuthority({ SSL_CERT_FILE: file }: ManagerEnvironment): Record<string, string> {
  return file === undefined || file === '' ? {} : { NODE_EXTRA_CA_CERTS: file };
}

function reachesNpm(name: string): boolean {
  const [, key] = /^npm_config_(.*)$/i.exec(name) ?? [];
  if (key === undefined) return !LIFECYCLE.test(name);
  return KEPT_CONFIG.test(key.startsWith('//') ? key : key.toLowerCase().replaceAll('_', '-'));
}
