// Composition root of the daemon: builds all parts in order and tears them down in reverse.
import type { LoadedConfig } from './config/build/loaded-config.ts';
import { refuseAll } from './control/refuse-all.ts';
import { type ControlServer, startControlServer } from './control/server.ts';
import { messageOf } from './core/base/guards.ts';
import type { Status } from './core/model/status.ts';
import type { Alerting } from './alerting/alerting.ts';
import { followRules, openAlerting } from './daemon/alerts/alerting.ts';
import { type DaemonHistory, openHistory } from './daemon/history.ts';
import { type DaemonContext, type DaemonContextOptions, openContext } from './daemon/context.ts';
import { createControlHandlers, stillStarting, waitsForConfig } from './daemon/front/control-handlers.ts';
import { openAlertController } from './daemon/alerts/alert-controller.ts';
import { type AlertmanagerInbox, createAlertmanagerInbox } from './daemon/alerts/alertmanager-inbox.ts';
import { openChannels } from './daemon/alerts/channels.ts';
import { contentFingerprint } from './daemon/config/fingerprint.ts';
import { createShutdown, type Shutdown } from './daemon/shutdown.ts';
import { endSingleServers } from './daemon/single-server.ts';
import { type ConfigWait, loadInitialConfig } from './daemon/config/initial-config.ts';
import { watchHome } from './daemon/home/watch-home.ts';
import { openGateway, type Gateway } from './daemon/gateway/gateway.ts';
import { makeHome } from './daemon/home/make-home.ts';
import { type ScheduledJobs, openScheduledJobs } from './daemon/servers/scheduled-jobs.ts';
import { emptyStatus, openProjections, type Projections } from './daemon/home/projections.ts';
import { openPlannedRestarts } from './daemon/servers/planned-restarts.ts';
import { createReloader, type Reloader, type ReloaderParts } from './daemon/config/reload.ts';
import { listOfferedTools } from './daemon/front/offered-tools.ts';
import { openPage, type Page } from './daemon/front/open-page.ts';
import { openOtlpPush } from './daemon/front/otlp.ts';
import { watchOwnLoad } from './daemon/own-load.ts';
import { serveWeb } from './daemon/front/serve-web.ts';
import { openServiceManagerLink, type ServiceManagerLink } from './daemon/front/service-manager.ts';
import { openSupervision, type Supervision } from './daemon/servers/supervision.ts';
import { openUpdates, type Updates } from './daemon/updates/updates.ts';
import { startConfigWatch } from './daemon/config/watch-config.ts';
import { openOrphanWatch } from './daemon/servers/watch-orphans.ts';
import type { Sampler } from './sampling/sampler.ts';
import type { Bus } from './system/bus.ts';
import { proxyPasswords } from './system/net/proxy.ts';

export interface DaemonOptions extends DaemonContextOptions {
  /** What `${env:NAME}` in the config refers to. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Set under a service manager: the daemon then waits until the config is usable instead of failing. */
  readonly configWait?: ConfigWait;
}

export interface Daemon {
  /** All events, with known secrets redacted. */
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly config: LoadedConfig;
  /** Why it started although the home takes no writes: state is kept in memory; null when the home does. */
  readonly homeTrouble: string | null;
  status(): Status;
  /** Reads the config again; resolves to the reason when it was refused, else to null. */
  reload(): Promise<string | null>;
  /** Stops every server and tears everything down; calling it again returns the same end. */
  stop(): Promise<void>;
  /** Resolves when everything is down, whoever stopped it. */
  readonly done: Promise<void>;
}

/**
 * Starts the daemon: takes the home, loads the config, starts the servers.
 *
 * @throws WatchdogError HOME_UNUSABLE, LOCK_HELD, LISTEN_FAILED, CONFIG_…; nothing is left running then
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  makeHome(options.paths);
  const context = openContext(options);
  const end = createShutdown(context);
  try {
    return await assemble(context, end, options);
  } catch (error) {
    await context.teardown.run();
    throw error;
  } finally {
    end.allow();
  }
}

async function assemble(context: DaemonContext, end: Shutdown, options: DaemonOptions): Promise<Daemon> {
  const { version, log, redactor, paths } = context;
  const front = await openFront(context, end);
  const config = await readConfig(context, end, { ...options, control: front.control });
  // Before anything else: an edit from here on counts as a change, however long it takes until the watch begins.
  const seen = contentFingerprint([config.path, ...config.envFiles]);
  redactor.learn(config.secrets);
  redactor.learn(proxyPasswords(options.environment));
  // Before the same servers start here.
  await endSingleServers(paths, context);
  const care = await openCare(context, front, config);
  const { environment } = options;
  const reloader = openReloader(context, { ...front, ...care, config, seen, environment });
  await begin(context, end, { ...front, ...care, config, reloader });
  log.info({ version, pid: process.pid, home: paths.home, node: process.version }, 'Watchdog started');
  const { redactedBus, status, homeTrouble } = front;
  return {
    bus: redactedBus,
    config,
    homeTrouble,
    status,
    reload: () => refusalOf(reloader),
    stop: end.stop,
    done: end.done,
  };
}

interface Front extends Projections {
  readonly control: Pick<ControlServer, 'use'>;
  readonly link: ServiceManagerLink;
  readonly homeTrouble: string | null;
}

/** Opens what must exist before any server starts: the lock on the home, the control socket, state and journal. */
async function openFront(context: DaemonContext, { stop }: Shutdown): Promise<Front> {
  const { paths, bus, log, teardown } = context;
  let records: Projections | null = null;
  const status = (): Status => records?.status() ?? emptyStatus(context);
  // First opened, last closed: the lock covers everything that two daemons must not touch.
  const control = await startControlServer({
    socketPath: paths.socket,
    handlers: {
      ...refuseAll(stillStarting()),
      status,
      onChange: (listener) => bus.subscribe(listener),
      shutdown() {
        void stop();
        return null;
      },
    },
    log,
  });
  teardown.add('control socket', () => control.close());
  const homeTrouble = control.trouble === null ? null : messageOf(control.trouble);
  if (homeTrouble !== null) log.error({ home: paths.home, reason: homeTrouble }, HOMELESS);
  records = openProjections(context);
  const { stateStore } = records;
  const stopGuarding = watchHome({
    ...context,
    home: paths.home,
    control,
    makeFolders: () => makeHome(paths),
    onRenewed: () => stateStore.save({ durable: true }),
    onLost: () => void stop(),
  });
  teardown.add('home guard', stopGuarding);
  const link = openServiceManagerLink({ bus, log, status });
  teardown.add('service link', () => link.close());
  return { ...records, control, link, homeTrouble };
}

const HOMELESS =
  'The home takes no writes: lock and socket are in a temporary folder, state is kept in memory';

type ReadingOptions = Pick<DaemonOptions, 'environment'> &
  Pick<Front, 'control'> & { configWait?: ConfigWait | null };

function readConfig(
  context: DaemonContext,
  end: Shutdown,
  { environment, control, configWait = null }: ReadingOptions,
): Promise<LoadedConfig> {
  const { paths } = context;
  const isAsked = (): boolean => end.isAsked();
  return loadInitialConfig({
    ...context,
    path: paths.config,
    environment,
    refuse: (fault) => control.use(refuseAll(fault === null ? stillStarting() : waitsForConfig(fault))),
    wait: configWait,
    isAsked,
  });
}

interface Care extends Supervision {
  readonly jobs: ScheduledJobs;
  readonly updates: Updates;
  readonly alerting: Alerting;
  readonly history: DaemonHistory;
  /** Where the pages are served. */
  readonly url: string;
  /** Webhook messages of Alertmanager. */
  readonly inbox: AlertmanagerInbox;
  readonly gateway: Gateway;
  readonly page: Page;
}

/** Opens everything that supervises servers, and the web pages that show them. */
async function openCare(context: DaemonContext, front: Front, config: LoadedConfig): Promise<Care> {
  const { stateStore, recentEnds, recorder, status } = front;
  const { bus, log, teardown } = context;
  const jobs = openScheduledJobs(context, {
    stateStore,
    settings: config.config,
    supervisor: () => supervision.supervisor,
    status,
    update: (signal) => updates.runScheduled(signal),
  });
  const gateway = openGateway(context, {
    settings: config.config,
    wake: (server) => supervision.supervisor.start(server),
    rest: (server) => supervision.supervisor.idle(server),
    startInstance: (...given) => supervision.beside.prepareAndStart('instance', ...given),
  });
  const supervision = await openSupervision(context, config.config, {
    stateStore,
    recentEnds,
    gateway,
    chosen: (...given) => updates.chosen(...given),
  });
  const updates = openUpdates(context, {
    ...supervision,
    stateStore,
    status,
    settings: config.config,
    backUp: () => jobs.backUp(),
    isInUse: (server) => gateway.isInUse(server),
  });
  bus.subscribe((event) => {
    if (event.kind === 'gap' && event.cause !== 'clock-step') supervision.prober.discardInFlight();
  });
  const interval = (): number => supervision.sampler.interval;
  let alerting: Alerting | null = null;
  let history: DaemonHistory | null = null;
  const inbox = createAlertmanagerInbox();
  const page = openPage(context, {
    settings: config.config,
    front,
    clients: (server) => gateway.clients(server),
    tools: async (server) => (await listOfferedTools(supervision, status(), server)).tools,
  });
  const web = await serveWeb({
    ...context,
    stateStore,
    recorder,
    status,
    page,
    config: config.config,
    interval,
    rules: () => alerting,
    queries: async (...given) => history?.api.answer(...given) ?? null,
    alertmanagerWebhook: inbox,
  });
  teardown.add('web', () => web.close());
  bus.publish({ kind: 'listening', url: web.url });
  bus.publish({ kind: 'config-loaded', path: config.path, ok: true, error: null });
  for (const warning of config.warnings) log.warn({ warning }, 'Configuration warning');
  for (const key of config.inactive) log.warn({ key }, 'Not active yet');
  const { url } = web;
  alerting = openAlerting(context, { settings: config.config, stateStore, recorder, status, url });
  history = openHistory(context, { settings: config.config, recorder, alerting, status, url });
  await openOtlpPush(context, { settings: config.config, recorder });
  return { ...supervision, jobs, updates, alerting, history, page, inbox, url, gateway };
}

/** Reports each reload to the service manager. */
function openReloader(
  context: DaemonContext,
  {
    link,
    ...parts
  }: Pick<ReloaderParts, 'config' | 'seen' | 'environment' | 'supervisor' | 'stateStore'> &
    Pick<Front, 'link'>,
): Reloader {
  const quiet = createReloader({ ...context, ...parts });
  return { ...quiet, reload: (...given) => link.reloading(() => quiet.reload(...given)) };
}

/** Starts the servers, answers all commands from here on, and begins the scheduled work. */
async function begin(
  context: DaemonContext,
  end: Shutdown,
  parts: Front & Care & { readonly config: LoadedConfig; readonly reloader: Reloader },
): Promise<void> {
  const {
    config,
    reloader,
    supervisor,
    sampler,
    jobs,
    updates,
    link,
    control,
    unobserved,
    alerting,
    history,
    gateway,
    page,
  } = parts;
  const { log, teardown } = context;
  // Before anybody can ask for another update, and before the servers concerned start.
  await updates.recover(config.servers);
  const channels = openChannels(context, { reloader, settings: config.config, url: parts.url });
  const alerts = openAlertController(context, { ...parts, channels, settings: config.config });
  const handlers = createControlHandlers({ ...parts, channels, redactor: context.redactor });
  control.use(handlers);
  page.use(handlers);
  reloader.onSettings((settings) => page.setActors(settings.page.actors));
  openPlannedRestarts(context, parts);
  teardown.add('calls of clients', () => gateway.end());
  const added = end.isAsked() ? [] : config.servers;
  const started = supervisor.apply({ added, removed: [], changed: [] }, unobserved);
  // At once: clients of an earlier daemon come back, and wait for their servers.
  await gateway.listen();
  gateway.follow(reloader);
  await started;
  followRules(alerting, { reloader, initial: config.config, url: parts.url, log });
  if (!end.isAsked()) {
    alerts.begin();
    alerting.start();
    history.begin(reloader);
  }
  watchOwnLoad(context);
  followConfig(reloader, context, sampler);
  openOrphanWatch(context, { reloader, supervisor, initial: config.config.orphans });
  await jobs.start(reloader);
  updates.begin(reloader);
  // Last added, first run: systemd learns of the stop before anything ends.
  teardown.add('stop notice to the service manager', () => link.stopping(supervisor.longestStop()));
}

/** Reloads the config whenever its files change. */
function followConfig(reloader: Reloader, { clock, log, teardown }: DaemonContext, sampler: Sampler): void {
  reloader.onSettings(({ sampling }) => {
    if (sampling.interval !== sampler.interval) sampler.changeInterval(sampling.interval);
  });
  const watching = startConfigWatch({
    clock,
    files: () => reloader.files(),
    hasChanged: () => reloader.hasChanged(),
    take: async (isFinal) => 'report' in (await reloader.reload({ isPatient: !isFinal })),
    onFault: (err) => log.error({ err }, 'Cannot watch the config'),
  });
  teardown.add('config watch', () => watching.stop());
}

async function refusalOf(reloader: Reloader): Promise<string | null> {
  const outcome = await reloader.reload();
  return 'refusal' in outcome ? outcome.refusal.message : null;
}
