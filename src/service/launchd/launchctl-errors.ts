// Error numbers of launchctl and job exit codes of launchd, each with its meaning and its cure.

/** How a job ended last, as `launchctl print` tells it: one of the three, the others are null. */
export interface JobEnd {
  /** `1`, `78: EX_CONFIG`, `(never exited)`. */
  readonly lastExit: string | null;
  /** `Killed: 9`. */
  readonly lastSignal: string | null;
  /** `JETSAM_REASON_MEMORY_PERPROCESSLIMIT`. */
  readonly lastReason: string | null;
}

export interface LaunchctlError {
  readonly number: number;
  readonly message: string;
  /** What a person can do; null where the job control retries or handles it. */
  readonly cure: string | null;
  /** True when retrying the same call a little later can help. */
  readonly isTransient?: boolean;
}

const LOG_IN_AGAIN = 'Log out and in, or restart the Mac: no other command helps';
const REWRITE = 'mcp-watchdog install --force writes it again';
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
    number: 64,
    message: 'launchctl does not understand the label or domain',
    cure: 'Choose a plain --label',
  },
  { number: 108, message: 'the path of the file is invalid', cure: REWRITE },
  { number: 109, message: 'the property list is invalid', cure: REWRITE },
  { number: 110, message: 'the property list has no valid label', cure: REWRITE },
  { number: 111, message: 'the property list has no valid program', cure: REWRITE },
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
    number: 139,
    message: 'the service cannot be started at the moment',
    cure: 'Try again in a minute',
    isTransient: true,
  },
  { number: 140, message: 'the label is reserved or invalid', cure: 'Choose another with --label' },
  {
    number: 141,
    message: 'this process has lost its connection to launchd ("Reentrancy avoided")',
    cure: `Run it in a new window of Terminal; if that does not help: ${lower(LOG_IN_AGAIN)}`,
  },
  { number: 144, message: 'launchd wants an entitlement of Apple for it', cure: SESSION },
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
    number: 153,
    message: 'launchd did not expect this ("Completely unexpected error"), as when its connection is lost',
    cure: LOG_IN_AGAIN,
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
    message:
      'launchd could not start it: log file, working directory or program is missing or out of its reach',
    cure: 'mcp-watchdog doctor names the one: node may have been moved (mcp-watchdog install --force), or home or program lie in Documents, Desktop, Downloads or on another disk',
  },
];

/** Finds the meaning of an error number; null for an unknown one. */
export function explainLaunchctl(number: number | null): LaunchctlError | null {
  return LAUNCHCTL_ERRORS.find((one) => one.number === number) ?? null;
}

/** Finds what is behind the end of a job as launchd tells it; null for what the program itself did. */
export function explainJobEnd(job: JobEnd): Pick<LaunchctlError, 'message' | 'cure'> | null {
  if (job.lastReason?.startsWith('JETSAM') === true)
    return {
      message: 'macOS ended it to get memory back',
      cure: 'Give the servers memory limits (limits.memory in the config), or close what uses more',
    };
  if (/\bCODESIGN|\bOS_REASON_CODESIGNING/u.test(job.lastReason ?? ''))
    return {
      message: 'macOS ended it because the signature of node is not valid',
      cure: 'Install node from Homebrew or nodejs.org again, then mcp-watchdog install --force',
    };
  if (job.lastSignal?.endsWith(': 9') === true && job.lastExit === null)
    return {
      message: 'it was killed from outside',
      cure: 'Look for who did it: memory pressure, a signature of node that is not valid, or kill -9',
    };
  const number = Number(/^\d+/u.exec(job.lastExit ?? '')?.[0]);
  return JOB_EXIT_CODES.find((one) => one.number === number) ?? null;
}

function lower(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
