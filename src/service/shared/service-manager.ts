// Interface that launchd and systemd both implement.

/** Input of the service file; all paths absolute. */
export interface ServicePlan {
  /** A path of node that stays valid when node is updated. */
  readonly node: string;
  /** The built `cli.js`. */
  readonly program: string;
  readonly home: string;
  /** Folders in which the servers find their programs. */
  readonly path: readonly string[];
  /** The home folder of the user. */
  readonly userHome: string;
}

/** State of the service as its manager reports it. */
export interface ServiceState {
  /** The service file exists. */
  readonly isInstalled: boolean;
  /** The manager knows the job. */
  readonly isLoaded: boolean;
  /** It starts at login. */
  readonly isEnabled: boolean;
  readonly pid: number | null;
  /** For people: the manager's own report in one line; null when there is nothing to add. */
  readonly detail: string | null;
  /** launchd runs it outside the session at the screen, although there is one; left out otherwise. */
  readonly isMisplaced?: true;
}

export interface InstallOptions {
  /** Writes the file again even when nothing changed. */
  readonly force?: boolean;
  /** Called after all checks have passed and before anything is changed. */
  readonly beforeChange?: () => Promise<void>;
}

/**
 * One service manager for one user and one label. Every method throws WatchdogError SERVICE_FAILED with the
 * manager's reason and a hint.
 */
export interface ServiceManager {
  readonly kind: 'launchd' | 'systemd';
  /** Absolute path of the service file. */
  readonly file: string;
  /** Command that shows the manager's log and what the daemon prints before its own log exists. */
  readonly logHint: string;
  render(plan: ServicePlan): string;
  /** Returns the text of the installed file; null when there is none. */
  read(): string | null;
  /** Writes the file, enables it at login and starts it now; restarts a running one only when the file changed. */
  install(plan: ServicePlan, options?: InstallOptions): Promise<'installed' | 'unchanged'>;
  /** Stops it, unloads it and removes the file; false when nothing was installed. */
  uninstall(): Promise<boolean>;
  start(): Promise<void>;
  /** Stops it until it is started again or until the next login. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  state(): Promise<ServiceState>;
}
