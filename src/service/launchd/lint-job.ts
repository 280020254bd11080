// Checks of a job definition before launchd sees it: launchd answers most of these faults with a bare "5".
import { dirname } from 'node:path';
import { DEFAULT_LABEL, EXIT_TIMEOUT, defineLaunchdJob } from './job-definition.ts';
import { createProtection } from './protected-folders.ts';
import type { Machine } from '../shared/machine.ts';
import { isDictionary, type PlistDictionary, type PlistValue } from './plist.ts';

export interface LintProblem {
  /** `ProgramArguments[0]`, `EnvironmentVariables.PATH` … */
  readonly key: string;
  /** What is wrong, with the value. */
  readonly reason: string;
  readonly cure: string;
}

export interface LintView extends Pick<
  Machine,
  'isExecutable' | 'isFile' | 'isFolder' | 'isWritable' | 'realpath'
> {
  readonly userHome: string;
}

/** Reverse DNS by convention; excludes every character that could end a launchctl target or a path. */
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/u;

/** True for a text that can be the label of a job. */
export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

type Rule = (job: PlistDictionary, view: LintView) => readonly LintProblem[];

/** Returns every problem of the job; none when launchd will accept it. */
export function lintLaunchdJob(job: PlistDictionary, view: LintView): LintProblem[] {
  return RULES.flatMap((rule) => rule(job, view));
}

const REINSTALL = 'mcp-watchdog install --force writes it again';
const MOVE_IT = 'Move it to the internal disk, outside Documents, Desktop and Downloads';

const RULES: readonly Rule[] = [
  unknownKeys,
  wrongLabel,
  wrongProgram,
  wrongNumbers,
  wrongPolicy,
  wrongEnvironment,
  unexpanded,
  protectedFolders,
  wrongFolders,
];

const KNOWN_KEYS: ReadonlySet<string> = new Set(
  Object.keys(defineLaunchdJob({ node: '', program: '', home: '', path: [], userHome: '' }, DEFAULT_LABEL)),
);

function unknownKeys(job: PlistDictionary): LintProblem[] {
  return Object.keys(job)
    .filter((key) => !KNOWN_KEYS.has(key))
    .map((key) => ({ key, reason: 'is not a key that mcp-watchdog writes', cure: REINSTALL }));
}

function wrongLabel({ Label: label }: PlistDictionary): LintProblem[] {
  if (typeof label === 'string' && isLabel(label)) return [];
  return [
    {
      key: 'Label',
      reason: `must be letters, digits, dots, dashes and underscores, got ${show(label)}`,
      cure: `Choose another with --label, for example ${DEFAULT_LABEL}`,
    },
  ];
}

function wrongProgram({ ProgramArguments: argv }: PlistDictionary, view: LintView): LintProblem[] {
  const [node, program] = textsOf(argv);
  const problems: LintProblem[] = [];
  if (node === undefined || !node.startsWith('/') || !view.isExecutable(node))
    problems.push({
      key: 'ProgramArguments[0]',
      reason: `must be the absolute path of a node that can be executed, got ${show(node)}`,
      cure: REINSTALL,
    });
  if (program === undefined || !program.startsWith('/') || !view.isFile(program))
    problems.push({
      key: 'ProgramArguments[1]',
      reason: `must be the absolute path of the built program, got ${show(program)}`,
      cure: 'Build or install it again (in the clone: npm ci, npm run build), then mcp-watchdog install --force',
    });
  return problems;
}

function wrongNumbers(job: PlistDictionary): LintProblem[] {
  const limits = job['SoftResourceLimits'];
  const numbers: Readonly<Record<string, PlistValue | undefined>> = {
    ThrottleInterval: job['ThrottleInterval'],
    // 0 means no limit: a hanging server would block a shutdown.
    ExitTimeOut: job['ExitTimeOut'],
    Umask: job['Umask'],
    'SoftResourceLimits.NumberOfFiles': isDictionary(limits) ? limits['NumberOfFiles'] : undefined,
  };
  return Object.entries(numbers)
    .filter(([, value]) => typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0)
    .map(([key, value]) => ({
      key,
      reason: `must be a whole number above 0, got ${show(value)}`,
      cure: REINSTALL,
    }));
}

function wrongPolicy(job: PlistDictionary): LintProblem[] {
  const { KeepAlive: keepAlive, ProcessType: type, ExitTimeOut: exitTimeout } = job;
  const problems: LintProblem[] = [];
  if (!isDictionary(keepAlive) || keepAlive['SuccessfulExit'] !== false)
    problems.push({
      key: 'KeepAlive',
      reason: `must be SuccessfulExit false, or launchd starts a second daemon in a loop, got ${show(keepAlive)}`,
      cure: REINSTALL,
    });
  if (type !== 'Interactive')
    problems.push({
      key: 'ProcessType',
      reason: `must be Interactive, or launchd throttles the daemon and every server, got ${show(type)}`,
      cure: REINSTALL,
    });
  if (typeof exitTimeout === 'number' && exitTimeout > 0 && exitTimeout < EXIT_TIMEOUT)
    problems.push({
      key: 'ExitTimeOut',
      reason: `must be ${EXIT_TIMEOUT} seconds, so that servers can be stopped in order, got ${exitTimeout}`,
      cure: REINSTALL,
    });
  return problems;
}

const SECRET_NAME = /token|secret|passw|api_?key|credential|private_?key|auth/iu;
const SECRET_VALUE = /\b(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA[0-9A-Z]{12}|eyJ[\w-]{8,}\.)/u;

function wrongEnvironment({ EnvironmentVariables: env }: PlistDictionary): LintProblem[] {
  if (!isDictionary(env))
    return [{ key: 'EnvironmentVariables', reason: 'must be a dictionary', cure: REINSTALL }];
  return Object.entries(env).flatMap(([name, value]) => {
    const key = `EnvironmentVariables.${name}`;
    if (typeof value !== 'string')
      return [{ key, reason: `must be a text, got ${show(value)}`, cure: REINSTALL }];
    // The value is never printed.
    if (!SECRET_NAME.test(name) && !SECRET_VALUE.test(value)) return [];
    const cure = 'Everybody can read this file: keep secrets in an envFile of the config';
    return [{ key, reason: 'looks like a secret', cure }];
  });
}

function unexpanded(job: PlistDictionary): LintProblem[] {
  return textsIn(job)
    .filter(({ text }) =>
      text.split(':').some((part) => part.startsWith('~') || /\$\{?[A-Za-z_]/u.test(part)),
    )
    .map(({ key, text }) => ({
      key,
      reason: `holds ~ or a variable, which launchd takes literally: ${show(text)}`,
      cure: 'Write the whole path',
    }));
}

/** A background job cannot show the permission dialog: macOS answers EPERM, and the job may not even start. */
function protectedFolders(job: PlistDictionary, view: LintView): LintProblem[] {
  const placeOf = createProtection(view);
  return pathsOf(job).flatMap(({ key, text }) => {
    const place = placeOf(text);
    if (place === null) return [];
    const way = place === text ? show(text) : `${show(text)} leads to ${show(place)}`;
    return [
      { key, reason: `lies in a folder that macOS closes to background programs: ${way}`, cure: MOVE_IT },
    ];
  });
}

function wrongFolders(job: PlistDictionary, view: LintView): LintProblem[] {
  const { WorkingDirectory: cwd } = job;
  const problems: LintProblem[] = [];
  if (typeof cwd !== 'string' || !cwd.startsWith('/') || !view.isFolder(cwd))
    problems.push({
      key: 'WorkingDirectory',
      reason: `must be a folder, got ${show(cwd)}`,
      cure: REINSTALL,
    });
  for (const key of ['StandardOutPath', 'StandardErrorPath']) {
    const path = job[key];
    const folder = typeof path === 'string' && path.startsWith('/') ? dirname(path) : null;
    if (folder !== null && view.isFolder(folder) && view.isWritable(folder)) continue;
    problems.push({
      key,
      reason: `must be in a writable folder, or launchd does not start the job, got ${show(path)}`,
      cure: 'Create that folder and make it yours',
    });
  }
  return problems;
}

interface Text {
  readonly key: string;
  readonly text: string;
}

const PATH_KEYS: ReadonlySet<string> = new Set([
  'WorkingDirectory',
  'StandardOutPath',
  'EnvironmentVariables.MCP_WATCHDOG_HOME',
]);

/** Every text of the job that is a path, with its key. */
function pathsOf(job: PlistDictionary): Text[] {
  return textsIn(job).filter(({ key }) => PATH_KEYS.has(key) || /^ProgramArguments\[[01]\]$/u.test(key));
}

function textsIn(value: PlistValue, key = ''): Text[] {
  if (typeof value === 'string') return [{ key, text: value }];
  if (isDictionary(value))
    return Object.entries(value).flatMap(([name, held]) =>
      textsIn(held, key === '' ? name : `${key}.${name}`),
    );
  return Array.isArray(value) ? value.flatMap((held: PlistValue, at) => textsIn(held, `${key}[${at}]`)) : [];
}

function textsOf(value: PlistValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((one: PlistValue) => typeof one === 'string') : [];
}

function show(value: PlistValue | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
