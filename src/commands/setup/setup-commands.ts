// List of the commands that set up: service, config and its servers.
import { FAILED, JSON_OUTPUT, type CommandSpec, type OptionSpec } from '../shared/command.ts';

const REWRITE: readonly OptionSpec[] = [
  {
    flags: '--rewrite',
    summary: 'with --from: change the file of that client so that it uses these servers, after a question',
  },
  { flags: '--undo', summary: 'only take back what --rewrite changed' },
  { flags: '--yes', summary: 'change the files of clients without a question' },
];

export const SETUP_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'init',
    summary: 'write a first config, on request from what MCP clients start',
    arguments: [],
    options: [
      {
        flags: '--from <client>',
        summary: 'claude-desktop, claude-code, cursor, vscode, codex, or the path of such a file; repeatable',
        isRepeatable: true,
      },
      ...REWRITE,
      { flags: '--dry-run', summary: 'only show what would be written' },
      JSON_OUTPUT,
    ],
    notes: [
      'An existing config is never overwritten. The file of a client is only read, unless --rewrite is given.',
      'Exit codes: 0 done, 1 servers of one name differ between clients or an entry was left as it is, 2 a file cannot be used.',
    ],
    load: () => import('./init.ts'),
  },
  {
    name: 'deploy',
    summary: 'set everything up and check that every server answers',
    arguments: [],
    options: [
      {
        flags: '--from <client>',
        summary: 'import what an MCP client starts, as with init; repeatable',
        isRepeatable: true,
      },
      { flags: '--no-service', summary: 'run in the background, without starting at login' },
      ...REWRITE,
      JSON_OUTPUT,
    ],
    notes: ['Exit codes: 0 every server answers, 1 a step failed; it says which.'],
    exitCodes: FAILED,
    load: () => import('./deploy.ts'),
  },
  {
    name: 'install',
    summary: 'start the daemon at every login, with launchd or systemd --user',
    arguments: [],
    options: [
      { flags: '--print', summary: 'only show the file that would be written' },
      {
        flags: '--label <label>',
        summary: 'name of the agent or unit (default: com.mcp.daemon, mcp-watchdog)',
      },
      { flags: '--force', summary: 'write it again, also when nothing changed or another home has it' },
      JSON_OUTPUT,
    ],
    notes: ['Exit codes: 0 installed and running, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./install.ts'),
  },
  {
    name: 'uninstall',
    summary: 'no longer start at login; stop the daemon, keep config and logs',
    arguments: [],
    options: [
      {
        flags: '--label <label>',
        summary: 'name of the agent or unit (default: com.mcp.daemon, mcp-watchdog)',
      },
      JSON_OUTPUT,
    ],
    notes: ['Exit codes: 0 done or nothing to do, 1 failed.'],
    exitCodes: FAILED,
    load: () => import('./uninstall.ts'),
  },
  {
    name: 'add',
    summary: 'add a server to the config; a daemon that runs starts it',
    arguments: [
      { syntax: '<new>', summary: 'name of the server, of your choice' },
      {
        syntax: '[argv...]',
        summary: 'behind --: the program and its arguments, or the arguments of the package',
      },
    ],
    options: [
      {
        flags: '--package <package>',
        summary: 'a package that the watchdog installs, with @VERSION for another than the latest',
      },
      { flags: '--url <url>', summary: 'where it listens; alone: a server that is only watched' },
      { flags: '--transport <transport>', summary: 'stdio, http or sse' },
      {
        flags: '--env <variable>',
        summary:
          'KEY=VALUE; KEY alone takes it from the environment of the watchdog at each start; repeatable',
        isRepeatable: true,
      },
      { flags: '--cwd <dir>', summary: 'folder to start it in' },
      { flags: '--dry-run', summary: 'only show what would be written' },
      JSON_OUTPUT,
    ],
    notes: [
      'For example: mcp-watchdog add time -- uvx mcp-server-time, or add files -- npx -y @modelcontextprotocol/server-filesystem /home/ada/notes',
      'Comments and everything else in the config stay as they are. An edit that would make it invalid is not written.',
      'Exit codes: 0 done, 2 refused, with the reason.',
    ],
    load: () => import('../home/add.ts'),
  },
  {
    name: 'remove',
    summary: 'remove a server from the config; a daemon that runs stops it',
    arguments: [{ syntax: '<name>', summary: 'a server' }],
    options: [{ flags: '--dry-run', summary: 'only show what would be removed' }, JSON_OUTPUT],
    notes: [
      'The comment above the server goes with it; everything else in the config stays as it is.',
      'Exit codes: 0 done, 1 there is no such server, 2 refused, with the reason.',
    ],
    load: () => import('../home/remove.ts'),
  },
];
