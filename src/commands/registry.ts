// Which commands there are: the one list that parsing, help, docs and tests read.
import type { CommandSpec, OptionSpec } from './command.ts';

const JSON_OUTPUT: OptionSpec = { flags: '--json', summary: 'print JSON, for programs' };
const ONE_SERVER = { syntax: '[name]', summary: 'a server; all when left out' };
const SOME_SERVERS = { syntax: '[names...]', summary: 'servers; the daemon itself when left out' };

// Here 1 means that it failed, whatever the reason.
const FAILED = { NO_DAEMON: 1, CONFIG_INVALID: 1, CONFIG_UNREADABLE: 1, CONFIG_UNSAFE: 1 };

export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'run',
    summary: 'run the daemon in the foreground',
    arguments: [],
    options: [
      { flags: '--init', summary: 'write a first config when there is none' },
      { flags: '--json', summary: 'print log lines in JSON, also on a terminal' },
    ],
    notes: [
      'Ctrl-C stops every server and then ends; a second Ctrl-C kills at once. SIGHUP reads the config again.',
      'Exit codes: 143 after a signal, 0 when another daemon holds the home, 2 wrong config, 78 unusable home.',
    ],
    exitCodes: { HOME_UNUSABLE: 78, LOCK_HELD: 0 },
    load: () => import('./run.ts'),
  },
  {
    name: 'start',
    summary: 'start the daemon in the background, or servers',
    arguments: [SOME_SERVERS],
    options: [],
    notes: ['Exit codes: 0 done or already running, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./start.ts'),
  },
  {
    name: 'stop',
    summary: 'stop the daemon with all its servers, or servers',
    arguments: [SOME_SERVERS],
    options: [],
    notes: [
      'A server that was stopped stays down until it is started again.',
      'Exit codes: 0 done, 1 failed.',
    ],
    exitCodes: FAILED,
    load: () => import('./stop.ts'),
  },
  {
    name: 'restart',
    summary: 'stop and start the daemon, or servers',
    arguments: [SOME_SERVERS],
    options: [],
    notes: ['Exit codes: 0 done, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./restart.ts'),
  },
  {
    name: 'status',
    summary: 'show how the servers are',
    arguments: [ONE_SERVER],
    options: [JSON_OUTPUT, { flags: '-w, --watch', summary: 'keep showing it, until Ctrl-C' }],
    notes: ['Exit codes: 0 all healthy, 1 something is not, 5 no daemon.'],
    load: () => import('./status.ts'),
  },
  {
    name: 'check',
    summary: 'probe and measure now, and say what is wrong',
    arguments: [ONE_SERVER],
    options: [JSON_OUTPUT],
    notes: [
      'Exit codes: 0 ok, 1 not running, 2 memory, 3 CPU, 4 not responding, 5 no daemon; the lowest of several.',
    ],
    load: () => import('./check.ts'),
  },
  {
    name: 'logs',
    summary: 'show what a server printed, or the daemon’s own log',
    arguments: [{ syntax: '[name]', summary: 'a server; the daemon when left out' }],
    options: [
      { flags: '-f, --follow', summary: 'go on with each new line, until Ctrl-C' },
      { flags: '-n, --lines <count>', summary: 'how many lines (default: 50)', isCount: true },
    ],
    notes: ['Works without a daemon. Control characters are shown, not obeyed.'],
    load: () => import('./logs.ts'),
  },
  {
    name: 'init',
    summary: 'write a first config',
    arguments: [],
    options: [],
    notes: ['An existing config is never overwritten. Importing from other clients is for a later release.'],
    load: () => import('./init.ts'),
  },
  {
    name: 'config',
    summary: 'check the config, or show it with every default filled in',
    arguments: [{ syntax: '<action>', summary: 'validate or show', choices: ['validate', 'show'] }],
    options: [JSON_OUTPUT],
    notes: ['Secrets are masked. Exit codes: 0 valid, 2 invalid.'],
    load: () => import('./config.ts'),
  },
];
