// List of all commands, read by parser, help, completion, docs and tests.
import { SETUP_COMMANDS } from './setup/setup-commands.ts';
import { FAILED, JSON_OUTPUT, type CommandSpec } from './shared/command.ts';

const ONE_SERVER = { syntax: '[name]', summary: 'a server; all when left out' };
const SOME_SERVERS = { syntax: '[names...]', summary: 'servers; the daemon itself when left out' };

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
      'Ctrl-C stops every server and then the daemon; a second Ctrl-C kills at once.',
      'SIGHUP reloads the config; on a terminal, which has been closed then, it stops the daemon.',
      'As a service it waits for a usable config instead of ending with 2.',
      'Exit codes: 143 after a signal, 0 when another daemon holds the home, 2 wrong config, 73 unusable home.',
    ],
    exitCodes: { HOME_UNUSABLE: 73, LOCK_HELD: 0 },
    load: () => import('./daemon/run.ts'),
  },
  {
    name: 'start',
    summary: 'start the daemon in the background, or servers',
    arguments: [SOME_SERVERS],
    options: [JSON_OUTPUT],
    notes: ['Exit codes: 0 done or already running, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./daemon/start.ts'),
  },
  {
    name: 'stop',
    summary: 'stop the daemon with all its servers, or servers',
    arguments: [SOME_SERVERS],
    options: [JSON_OUTPUT],
    notes: [
      'A server that was stopped stays down until it is started again.',
      'Exit codes: 0 done, 1 failed.',
    ],
    exitCodes: FAILED,
    load: () => import('./daemon/stop.ts'),
  },
  {
    name: 'restart',
    summary: 'stop and start the daemon, or servers',
    arguments: [SOME_SERVERS],
    options: [JSON_OUTPUT],
    notes: ['Exit codes: 0 done, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./daemon/restart.ts'),
  },
  {
    name: 'status',
    summary: 'show the state of the servers',
    arguments: [ONE_SERVER],
    options: [JSON_OUTPUT, { flags: '-w, --watch', summary: 'keep showing it, until Ctrl-C' }],
    notes: ['Exit codes: 0 all healthy, 1 something is unhealthy, 5 no daemon.'],
    load: () => import('./inspect/status.ts'),
  },
  {
    name: 'check',
    summary: 'probe and measure now, and show what is wrong',
    arguments: [ONE_SERVER],
    options: [JSON_OUTPUT],
    notes: [
      'Exit codes: 0 ok, 1 not running, 2 memory, 3 CPU, 4 not responding, 5 no daemon; the lowest of several.',
    ],
    load: () => import('./inspect/check.ts'),
  },
  {
    name: 'logs',
    summary: 'show what a server printed, or the daemon’s own log',
    arguments: [{ syntax: '[name]', summary: 'a server; the daemon when left out' }],
    options: [
      { flags: '-a, --all', summary: 'every server and the daemon, in the order of their lines' },
      { flags: '-f, --follow', summary: 'keep printing new lines, until Ctrl-C' },
      {
        flags: '-n, --lines <count>',
        summary: 'how many lines (default: 50; all with --since or --grep)',
        isCount: true,
      },
      { flags: '--since <when>', summary: 'only lines since then: 10m, 21:30 or 2026-01-31T21:30' },
      {
        flags: '--grep <pattern>',
        summary: 'only lines that match; case counts only where the pattern has a capital letter',
      },
      JSON_OUTPUT,
    ],
    notes: [
      'Works without a daemon. Control characters are shown, not obeyed. A line that repeats is shown once, and counted.',
    ],
    load: () => import('./logs/logs.ts'),
  },
  {
    name: 'tools',
    summary: 'list the tools that a server offers now',
    arguments: [{ syntax: '<name>', summary: 'a server' }],
    options: [JSON_OUTPUT],
    notes: ['Exit codes: 0 listed, 1 it does not answer, 5 no daemon.'],
    load: () => import('./inspect/tools.ts'),
  },
  {
    name: 'query',
    summary: 'evaluate PromQL over the metrics of the last hours',
    arguments: [{ syntax: '<expression>', summary: 'as in Prometheus: up, rate(…[5m])' }],
    options: [
      { flags: '--range <duration>', summary: 'the values of the last 15m, 6h …, as a chart' },
      { flags: '--step <duration>', summary: 'between two values of a range (default: 120 values)' },
      JSON_OUTPUT,
    ],
    notes: [
      'Without a terminal: time, value and labels of each value, separated by tabs.',
      'Exit codes: 0 answered, also with nothing, 1 it takes too much, 2 the expression is wrong, 5 no daemon.',
    ],
    load: () => import('./query/query.ts'),
  },
  {
    name: 'calls',
    summary: 'show who called which tool, and how it ended',
    arguments: [{ syntax: '[name]', summary: 'a server; all when left out' }],
    options: [
      { flags: '-f, --follow', summary: 'keep printing new ones, until Ctrl-C' },
      { flags: '-n, --lines <count>', summary: 'how many (default: 50)', isCount: true },
      JSON_OUTPUT,
    ],
    notes: [
      'The last 1,000 requests of each server since the start of the watchdog; gateway.log writes them to disk.',
      'Exit codes: 0 shown, 5 no daemon.',
    ],
    load: () => import('./clients/calls.ts'),
  },
  {
    name: 'approve',
    summary: 'approve what a server says of its tools now',
    arguments: [{ syntax: '<name>', summary: 'a server' }],
    options: [
      { flags: '--dry-run', summary: 'only show it' },
      { flags: '--yes', summary: 'approve without a question' },
      JSON_OUTPUT,
    ],
    notes: [
      'Until then no call of such a tool is sent a second time, and tools.readOnly hides it.',
      'Exit codes: 0 approved or nothing to approve, 1 not approved, 5 no daemon.',
    ],
    load: () => import('./clients/approve.ts'),
  },
  {
    name: 'connect',
    summary: 'be a stdio server for a client: the shared one',
    arguments: [{ syntax: '<name>', summary: 'a server' }],
    options: [
      {
        flags: '--print <client>',
        summary:
          'only print what to write into that client: claude-code, claude-desktop, cursor, vscode, codex, zed, windsurf, gemini, other or all',
      },
      JSON_OUTPUT,
    ],
    notes: [
      'A client starts it; it ends with its input. A daemon that restarts is waited for, 20 s, unseen by the client.',
      'Exit codes: 0 end of input, 1 the watchdog is gone, 2 there is no such server; 128 and the number after a signal.',
    ],
    exitCodes: { UNKNOWN_SERVER: 2 },
    load: () => import('./connect/connect.ts'),
  },
  ...SETUP_COMMANDS,
  {
    name: 'reload',
    summary: 'read the config again and change only what changed',
    arguments: [],
    options: [JSON_OUTPUT, { flags: '--dry-run', summary: 'only show what would change' }],
    notes: [
      'A saved config is loaded by itself; this does it at once and says what changed.',
      'Exit codes: 0 loaded, 2 refused and the old one stays, 5 no daemon.',
    ],
    load: () => import('./daemon/reload.ts'),
  },
  {
    name: 'monitor',
    summary: 'a live, full-screen view of all servers; q quits',
    arguments: [],
    options: [JSON_OUTPUT],
    notes: [
      'Without a terminal it prints a line for each change.',
      'Exit codes: 0 ended by you, 5 no daemon.',
    ],
    load: () => import('./monitor/monitor.ts'),
  },
  {
    name: 'open',
    summary: 'open the page in the browser, signed in',
    arguments: [],
    options: [
      { flags: '--print', summary: 'print a link that signs a browser in once, within a minute' },
      { flags: '--revoke', summary: 'end all sessions of the page' },
      JSON_OUTPUT,
    ],
    notes: [
      'Signed in, the page shows logs and acts: it restarts, stops, updates and silences. A session ends after 8 hours.',
      'Over SSH, or without a display, it prints the address.',
      'Exit codes: 0 opened, printed or ended, 1 it could not be opened, 5 no daemon.',
    ],
    load: () => import('./inspect/open.ts'),
  },
  {
    name: 'orphans',
    summary: 'find MCP servers that no program owns any more',
    arguments: [],
    options: [JSON_OUTPUT, { flags: '--reap', summary: 'end the certain ones, with all they started' }],
    notes: [
      'Works without a daemon. A process that may run this way on purpose is listed and never ended.',
      'Exit codes: 0 none, or all ended; 1 some are left.',
    ],
    load: () => import('./diagnose/orphans.ts'),
  },
  {
    name: 'doctor',
    summary: 'find problems of this installation and their cures',
    arguments: [],
    options: [JSON_OUTPUT],
    notes: ['Works without a daemon. Exit codes: 0 no problem, warnings allowed; 1 there is a problem.'],
    load: () => import('./diagnose/doctor.ts'),
  },
  {
    name: 'update',
    summary: 'update servers to a newer version, with canary and probation',
    arguments: [{ syntax: '[names...]', summary: 'servers; all packages when left out' }],
    options: [
      { flags: '--check', summary: 'only show available versions' },
      { flags: '--to <version>', summary: 'exactly this version, older ones too; one server only' },
      { flags: '--dry-run', summary: 'only show what would be done' },
      { flags: '--wait', summary: 'wait for the end of the probation' },
      JSON_OUTPUT,
    ],
    notes: [
      'A version that fails is rolled back and not tried again automatically.',
      'Exit codes: 0 done or nothing to do, 1 held or rolled back, with the reason.',
    ],
    exitCodes: FAILED,
    load: () => import('./update/update.ts'),
  },
  {
    name: 'rollback',
    summary: 'bring servers back to the version that ran before',
    arguments: [{ syntax: '[names...]', summary: 'servers; all that were updated when left out' }],
    options: [{ flags: '--dry-run', summary: 'only show what would be done' }, JSON_OUTPUT],
    notes: ['Exit codes: 0 done or nothing to do, 1 failed, with the reason.'],
    exitCodes: FAILED,
    load: () => import('./update/rollback.ts'),
  },
  {
    name: 'cleanup',
    summary: 'prune logs, journal, old versions and old backups',
    arguments: [],
    options: [JSON_OUTPUT, { flags: '--dry-run', summary: 'only show what would be removed' }],
    notes: [
      'A version that a process runs from is never removed.',
      'Exit codes: 0 all could be removed, 1 something could not.',
    ],
    load: () => import('./home/cleanup.ts'),
  },
  {
    name: 'backup',
    summary: 'copy config and state, list the copies, or bring one back',
    arguments: [
      { syntax: '[action]', summary: 'what to do (default: create)', choices: ['create', 'list', 'restore'] },
      { syntax: '[id]', summary: 'which backup to restore: an id, or latest' },
    ],
    options: [JSON_OUTPUT],
    notes: [
      'What a restore replaces is backed up first. A daemon that runs is stopped and started again.',
      'A backup holds the secrets of the config.',
      'Exit codes: 0 done, 1 failed and nothing half done, 2 the config of the backup is invalid.',
    ],
    load: () => import('./home/backup.ts'),
  },
  {
    name: 'notify',
    summary: 'send one notification through every channel of the config',
    arguments: [{ syntax: '<action>', summary: 'what to do', choices: ['test'] }],
    options: [JSON_OUTPUT],
    notes: ['Exit codes: 0 every channel accepted it, 1 one did not.'],
    load: () => import('./diagnose/notify.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    arguments: [{ syntax: '<shell>', summary: 'which shell', choices: ['bash', 'zsh', 'fish'] }],
    options: [{ flags: '--servers', summary: 'only the names of the servers, which the scripts ask for' }],
    notes: ['For example: source <(mcp-watchdog completion bash)'],
    // It completes this very list, and so is given it.
    load: async () => {
      const { printCompletion } = await import('./completions/completion.ts');
      return { run: (context) => printCompletion(context, COMMANDS) };
    },
  },
  {
    name: 'config',
    summary: 'check the config, or show it with every default filled in',
    arguments: [{ syntax: '<action>', summary: 'validate or show', choices: ['validate', 'show'] }],
    options: [JSON_OUTPUT],
    notes: ['Secrets are masked. Exit codes: 0 valid, 2 invalid.'],
    load: () => import('./inspect/config.ts'),
  },
];
