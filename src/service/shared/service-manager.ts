// What a service manager does for us: the one shape that launchd and systemd are both brought into.

/** Everything that the service file is made from; all paths absolute. */
export interface ServicePlan {
  /** A path of node that survives its updates. */
  readonly node: string;
  /** The built `cli.js`. */
  readonly program: string;
  readonly home: string;
  /** Folders in which the servers find their programs. */
  readonly path: readonly string[];
  /** The home folder of the user. */
  readonly userHome: string;
}

/** What the manager says of us, as far as it tells. */
export interface ServiceState {
  /** The file is there. */
  readonly isInstalled: boolean;
  /** The manager knows the job. */
  readonly isLoaded: boolean;
  /** It starts at login. */
  readonly isEnabled: boolean;
  readonly pid: number | null;
  /** For people: the manager's own words, one line; null when there is nothing to add. */
  readonly detail: string | null;
}

export interface InstallOptions {
  /** Writes it again, also when nothing changed. */
  readonly force?: boolean;
  /** Done when nothing more is known to stand against it, and before anything is changed. */
  readonly beforeChange?: () => Promise<void>;
}

/**
 * One service manager, for one user and one label. Every method throws WatchdogError SERVICE_FAILED with the
 * manager's words and a cure.
 */
export interface ServiceManager {
  readonly kind: 'launchd' | 'systemd';
  /** Absolute path of the service file. */
  readonly file: string;
  /** What the log of the manager, or of what is printed before our own log exists, is read with. */
  readonly logHint: string;
  render(plan: ServicePlan): string;
  /** The text of the file as it is now; null when there is none. */
  read(): string | null;
  /** Writes the file, makes it start at login and starts it now; a running one is replaced only when the file changed. */
  install(plan: ServicePlan, options?: InstallOptions): Promise<'installed' | 'unchanged'>;
  /** Stops it, forgets it and removes the file; false when nothing was there. */
  uninstall(): Promise<boolean>;
  start(): Promise<void>;
  /** Down until it is started again, or until the next login. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  state(): Promise<ServiceState>;
}
