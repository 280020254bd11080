// Error numbers of launchctl and job exit codes of launchd, each with its meaning and its cure.

export interface LaunchctlError {
  readonly number: number;
  readonly message: string;
  /** What a person can do; null where the job control retries or handles it. */
  readonly cure: string | null;
  /** True when retrying the same call a little later can help. */
  readonly isTransient?: boolean;
}

const SESSION = 'Log in at the screen of this Mac and run it there, not over SSH and not with sudo';

/** Error numbers of launchctl itself; `launchctl error N` prints the system's own text. */
export const LAUNCHCTL_ERRORS: readonly LaunchctlError[] = [
  { number: 3, message: 'there is no such process', cure: null },
  {
    number: 5,
    message:
      'input/output error, which stands for many: still stopping, disabled, file mode, no session at the screen, or a protected folder',
    cure: 'Try again in a minute; mcp-watchdog doctor looks at the file, and logging out and in clears the rest',
    isTransient: true,
  },
  { number: 36, message: 'the operation is in progress', cure: 'Try again in a minute', isTransient: true },
  { number: 37, message: 'it is loaded already', cure: null, isTransient: true },
  {
    number: 108,
    message: 'the path of the file is invalid',
    cure: 'mcp-watchdog install --force writes it again',
  },
  {
    number: 109,
    message: 'the property list is invalid',
    cure: 'mcp-watchdog install --force writes it again',
  },
  { number: 112, message: 'there is no such domain: nobody is logged in at the screen', cure: SESSION },
  { number: 113, message: 'launchd does not know the service', cure: 'mcp-watchdog install loads it' },
  {
    number: 119,
    message: 'the service is disabled',
    cure: 'Switch it on under System Settings, General, Login Items, or: launchctl enable gui/$(id -u)/LABEL',
    isTransient: true,
  },
  {
    number: 122,
    message: 'the file has the wrong owner or permissions',
    cure: 'It must be yours, a regular file, mode 644: mcp-watchdog install --force writes it again',
  },
  {
    number: 124,
    message: 'the domain is being taken down',
    cure: 'Try again after the next login',
    isTransient: true,
  },
  {
    number: 125,
    message: 'the domain does not support the action: there is no session at the screen',
    cure: SESSION,
  },
  {
    number: 134,
    message: 'the file does not allow this kind of session',
    cure: 'mcp-watchdog install --force writes it again, for every session',
  },
  {
    number: 146,
    message: 'the domain takes on-demand requests only at the moment, as during a login',
    cure: 'Try again in a minute',
    isTransient: true,
  },
  {
    number: 150,
    message: 'System Integrity Protection forbids it',
    cure: 'Choose another label with --label, not one of Apple',
  },
  {
    number: 155,
    message: 'the program is quarantined, as after a download',
    cure: 'Install node from Homebrew or nodejs.org, or: xattr -d com.apple.quarantine "$(which node)"',
  },
  {
    number: 161,
    message: 'it was switched off under Login Items',
    cure: 'Switch it on under System Settings, General, Login Items & Extensions, Allow in the Background',
  },
];

/** Job exit codes that launchd, not the program, has set. */
export const JOB_EXIT_CODES: readonly LaunchctlError[] = [
  {
    number: 78,
    message: 'launchd could not prepare it: log file, working directory or program out of its reach',
    cure: 'Keep home and program on the internal disk, outside Documents, Desktop and Downloads; mcp-watchdog doctor names the one',
  },
  {
    number: 126,
    message: 'the program may not be executed',
    cure: 'mcp-watchdog install --force looks for a node that can be',
  },
  {
    number: 127,
    message: 'the program was not found',
    cure: 'node was moved or removed: mcp-watchdog install --force',
  },
];

/** Finds the meaning of an error number; null for an unknown one. */
export function explainLaunchctl(number: number): LaunchctlError | null {
  return LAUNCHCTL_ERRORS.find((one) => one.number === number) ?? null;
}

/** Finds the meaning of a job exit code; null for one that the program itself returned. */
export function explainJobExit(number: number): LaunchctlError | null {
  return JOB_EXIT_CODES.find((one) => one.number === number) ?? null;
}
