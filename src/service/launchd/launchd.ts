// launchd as service manager: one agent per user from one property list, checked before launchd sees it.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import {
  isServiceFileIntact,
  readServiceFile,
  removeServiceFile,
  stageServiceFile,
} from '../shared/service-file.ts';
import { createLaunchctl, describeEnd, type Launchctl } from './launchctl.ts';
import { DEFAULT_LABEL, defineLaunchdJob, launchdLogPath } from './job-definition.ts';
import { isLabel, lintLaunchdJob } from './lint-job.ts';
import { createJobControl, type LoadedJob, type LaunchdJobControl } from './job-control.ts';
import { createMachine } from '../shared/machine.ts';
import type { InstallOptions, ServiceManager, ServicePlan, ServiceState } from '../shared/service-manager.ts';
import type { ServiceOptions } from '../shared/service-options.ts';
import { renderPlist } from './plist.ts';

/** Creates the launchd manager. @throws WatchdogError USAGE for an invalid label */
export function createLaunchd(options: ServiceOptions): ServiceManager {
  const agent = createAgent(options);
  const { label, file, log } = agent;
  return {
    kind: 'launchd',
    file,
    logHint: `tail ${log}`,
    render: (plan) => renderPlist(defineLaunchdJob(plan, label)),
    read: () => readServiceFile(file),
    install: (plan, options = {}) => install(agent, plan, options),
    uninstall: () => uninstall(agent),
    async start() {
      requireFile(agent);
      await bringUp(agent, null);
    },
    stop: async () => void (await unloadAll(agent)),
    restart: () => restart(agent),
    state: () => stateOf(agent),
  };
}

interface Agent {
  readonly label: string;
  readonly uid: number;
  readonly file: string;
  readonly log: string;
  readonly launchctl: Launchctl;
  readonly sequence: LaunchdJobControl;
}

function createAgent({ home, userHome, uid, clock, run, label: chosen }: ServiceOptions): Agent {
  const label = chosen ?? DEFAULT_LABEL;
  if (!isLabel(label)) throw wrongLabel(label);
  const log = launchdLogPath(home);
  const launchctl = createLaunchctl(run);
  return {
    label,
    uid,
    log,
    launchctl,
    file: join(userHome, 'Library', 'LaunchAgents', `${label}.plist`),
    sequence: createJobControl({ launchctl, clock, uid, label, log }),
  };
}

async function install(
  agent: Agent,
  plan: ServicePlan,
  { force = false, beforeChange: makeWay }: InstallOptions,
): Promise<'installed' | 'unchanged'> {
  const { label, file, uid } = agent;
  requireUser(uid);
  makeLogFolder(plan.home);
  requireValidJob(plan, label);
  const text = renderPlist(defineLaunchdJob(plan, label));
  const isSame = !force && readServiceFile(file) === text && isServiceFileIntact(file);
  await makeWay?.();
  return await bringUp(agent, isSame ? null : text);
}

/** Loads and starts the agent; `text` is that of the new file, null keeps the installed one. */
async function bringUp({ sequence, file }: Agent, text: string | null): Promise<'installed' | 'unchanged'> {
  const domain = await sequence.preferredDomain();
  const loaded = await sequence.findLoaded();
  const current = loaded.find((one) => one.domain.name === domain.name);
  // The one that runs without a screen holds the home: it has to go first.
  const isElsewhere = loaded.some((one) => one !== current && one.job.state === 'running');
  if (text === null && current !== undefined && !isElsewhere) {
    await sequence.enable(domain);
    if (current.job.state === 'running') return 'unchanged';
    await sequence.ensureRunning(current.target);
    return 'installed';
  }
  const staged = text === null ? null : stageServiceFile(file, text);
  try {
    // launchd reads the file only when it loads the job: a changed one has to be unloaded first.
    for (const { target } of loaded) await sequence.unload(target);
    staged?.commit();
  } finally {
    staged?.discard();
  }
  await sequence.load(domain, file);
  return 'installed';
}

async function unloadAll({ sequence }: Agent): Promise<boolean> {
  const loaded = await sequence.findLoaded();
  for (const { target } of loaded) await sequence.unload(target);
  return loaded.length > 0;
}

async function uninstall(agent: Agent): Promise<boolean> {
  const { file, label, launchctl, sequence } = agent;
  const wasLoaded = await unloadAll(agent);
  const wasThere = readServiceFile(file) !== null;
  // The disabled flag would survive the file and break the next install.
  if (wasLoaded || wasThere) await launchctl.enable(`${(await sequence.preferredDomain()).name}/${label}`);
  return removeServiceFile(file) || wasLoaded;
}

async function restart(agent: Agent): Promise<void> {
  const { file, sequence } = agent;
  const [loaded] = await sequence.findLoaded();
  if (loaded !== undefined) return await sequence.restart(loaded.target);
  requireFile(agent);
  return await sequence.load(await sequence.preferredDomain(), file);
}

async function stateOf({ file, label, launchctl, sequence }: Agent): Promise<ServiceState> {
  const isInstalled = readServiceFile(file) !== null;
  const domain = await sequence.preferredDomain();
  const [loaded] = await sequence.findLoaded();
  return {
    isInstalled,
    isLoaded: loaded !== undefined,
    isEnabled: isInstalled && !(await launchctl.isDisabled(domain.name, label)),
    pid: loaded?.job.pid ?? null,
    detail: loaded === undefined ? null : detailOf(loaded),
    ...(loaded?.domain.hasScreen === false && domain.hasScreen && { isMisplaced: true }),
  };
}

/** launchd does not start a job whose log file it cannot open. */
function makeLogFolder(home: string): void {
  const folder = dirname(launchdLogPath(home));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new WatchdogError('HOME_UNUSABLE', `Cannot make the folder ${folder}: ${messageOf(cause)}`, {
      hint: 'Make the home writable for you, or choose another with --home DIR',
      cause,
    });
  }
}

function requireValidJob(plan: ServicePlan, label: string): void {
  const [first, ...others] = lintLaunchdJob(defineLaunchdJob(plan, label), {
    ...createMachine(),
    userHome: plan.userHome,
  });
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `; and ${others.map(({ key }) => key).join(', ')}`;
  throw new WatchdogError('SERVICE_FAILED', `Cannot install ${label}: ${first.key} ${first.reason}${more}`, {
    hint: first.cure,
  });
}

function requireUser(uid: number): void {
  if (uid !== 0) return;
  throw new WatchdogError(
    'SERVICE_FAILED',
    'Cannot install a service for root: it belongs to the user who logs in',
    {
      hint: 'Run it as yourself, without sudo',
    },
  );
}

function detailOf({ domain, target, job }: LoadedJob): string {
  const facts = [
    `state ${job.state ?? 'unknown'}`,
    job.runs === null ? null : `runs ${job.runs}`,
    describeEnd(job),
    domain.hasScreen
      ? null
      : 'without a session at the screen: no notifications, and after a boot only from the next login',
  ];
  return `${target}: ${facts.filter((fact) => fact !== null).join(', ')}`;
}

function wrongLabel(label: string): WatchdogError {
  return new WatchdogError(
    'USAGE',
    `Cannot use the label ${JSON.stringify(label)}: it must be letters, digits, dots, dashes and underscores`,
    { hint: `For example --label ${DEFAULT_LABEL}` },
  );
}

function requireFile({ file, label }: Agent): void {
  if (readServiceFile(file) !== null) return;
  throw new WatchdogError('SERVICE_FAILED', `Cannot start ${label}: it is not installed`, {
    hint: 'mcp-watchdog install',
  });
}
