// Doctor context of this machine: real answers to what the checks ask.
import { statfs } from 'node:fs/promises';
import { loadConfig } from '../../config/load.ts';
import { connect } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import { configuredPrograms } from '../../core/orphans/known-servers.ts';
import type { ConfigAnswer, DaemonAnswer, DoctorContext, ServiceAnswer } from '../../doctor/context.ts';
import { readJournal } from '../../journal/journal.ts';
import { openAlertmanagerClient } from '../../notify/alertmanager-client.ts';
import { checkChannels } from '../../notify/channel-availability.ts';
import { findCopies } from '../../orphans/find-copies.ts';
import { findOrphans } from '../../orphans/find-orphans.ts';
import { findNewerRelease } from '../../packages/own-release.ts';
import { hasServiceManager } from '../../service/select-manager.ts';
import { readProcessRecords } from '../../supervisor/process-registry.ts';
import { childEnvironment } from '../../supervisor/environment.ts';
import { systemClock } from '../../system/time/clock.ts';
import { runCommand } from '../../system/process/run-command.ts';
import { findPortOwner } from '../../system/net/port-owner.ts';
import { commandOf, readProcessTable } from '../../system/process/process-table.ts';
import { clientUsesOf } from '../clients/client-uses.ts';
import { offeredServers } from '../clients/gateway-access.ts';
import type { CommandContext } from '../shared/command.ts';
import { readFindOptions } from './orphans.ts';
import { isPublished, readPackageName, readVersion } from '../shared/own-package.ts';
import { folderWarnings, locatedPrograms, programNames } from '../shared/programs.ts';
import { missingInService } from '../shared/service-environment.ts';
import { readServiceHome, planServiceFor, processHost, serviceOf } from '../shared/service.ts';
import { platform } from '../../system/platform.ts';

/** ms, for one tool of the system. */
const TOOL_TIMEOUT = 10_000;
/** ms. The daemon answers from memory. */
const ANSWER_TIMEOUT = 5000;
/** Whether there is a newer release is nothing to wait for, ms. */
const RELEASE_TIMEOUT = 5000;
/** Lines of the journal: several quiet days. */
const JOURNAL_LINES = 5000;

export function createDoctorContext(context: CommandContext): DoctorContext {
  const { paths, io } = context;
  const host = processHost(io);
  const config = readConfig(context);
  return {
    paths,
    version: readVersion(),
    packageName: readPackageName(),
    now: io.clock.now(),
    platform,
    uid: host.uid,
    userHome: host.userHome,
    env: io.env,
    node: host.node,
    config,
    service: hasServiceManager(host.platform) ? findService(context) : null,
    machine: host.machine,
    daemon: once(() => askDaemon(context)),
    journal: once(() => readJournal(paths.journal, { limit: JOURNAL_LINES })),
    processes: once(() => readProcessTable()),
    commandOf,
    whoListens: findPortOwner,
    orphans: () => {
      const { options } = readFindOptions(context);
      const configured = config.kind === 'valid' ? configuredPrograms(config.loaded.servers) : [];
      return findOrphans({ ...options, configured });
    },
    clientUses: () => (config.kind === 'valid' ? clientUsesOf(context, config.loaded) : []),
    copies: () =>
      config.kind === 'valid'
        ? findCopies({
            configured: configuredPrograms(offeredServers(config.loaded.servers)),
            registered: readProcessRecords(paths.processes),
          })
        : Promise.resolve([]),
    channels: () => askChannels(context, config),
    alertmanagerConfig: () => askAlertmanager(config),
    freeSpace: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    run: (argv) => runCommand(argv, { env: io.env, timeout: TOOL_TIMEOUT, clock: systemClock }),
    newerRelease: () => askForRelease(context),
    programs: () => locatedPrograms(context),
    folderWarnings: () => (config.kind === 'valid' ? folderWarnings(config.loaded.servers) : []),
    notInService: () => missingInService(paths.home, io.env),
  };
}

function readConfig({ paths, io }: CommandContext): ConfigAnswer {
  try {
    return { kind: 'valid', loaded: loadConfig(paths.config, io.env) };
  } catch (error) {
    if (error instanceof WatchdogError) return { kind: 'invalid', error };
    throw error;
  }
}

function findService(context: CommandContext): ServiceAnswer {
  const manager = serviceOf(context);
  const text = manager.read();
  return {
    manager,
    home: text === null ? null : readServiceHome(text),
    plan: () => planServiceFor(context, processHost(context.io), programNames(context)),
  };
}

async function askDaemon({ paths, io }: CommandContext): Promise<DaemonAnswer> {
  const startedAt = io.clock.monotonic();
  try {
    const client = await connect(paths.socket, { clock: io.clock });
    const status = await client
      .request('status', {}, { timeout: ANSWER_TIMEOUT })
      .finally(() => client.close());
    return { kind: 'running', status, took: io.clock.monotonic() - startedAt };
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    return error.code === 'NO_DAEMON' ? { kind: 'none' } : { kind: 'silent', reason: error.message };
  }
}

async function askForRelease({ io }: CommandContext): ReturnType<DoctorContext['newerRelease']> {
  if (!isPublished()) return { kind: 'unknown', reason: 'it is not published on npm' };
  const own = { package: readPackageName(), version: readVersion(), node: process.version };
  const { signal } = new AbortController();
  return await findNewerRelease(own, {
    environment: io.env,
    timeout: RELEASE_TIMEOUT,
    signal,
    clock: systemClock,
  });
}

async function askAlertmanager(config: ConfigAnswer): Promise<string | null> {
  const url = config.kind === 'valid' ? config.loaded.config.alerts.alertmanager.url : null;
  if (url === null) return null;
  const client = openAlertmanagerClient({ url, clock: systemClock });
  return await client.config().finally(() => client.close());
}

function askChannels({ io }: CommandContext, config: ConfigAnswer): ReturnType<DoctorContext['channels']> {
  const settings = config.kind === 'valid' ? config.loaded.config.alerts.notify : [];
  const environment = childEnvironment(io.env, {});
  return checkChannels(settings, { clock: io.clock, environment, platform });
}

/** Caches the answer: several checks ask the same question. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => (answer ??= ask());
}
