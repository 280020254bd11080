// Lines of the live view of `run`: a header with addresses and paths, then one row per server, redrawn in place.
import type { DaemonStatus, Status } from '../../core/model/status.ts';
import { clientSnippets } from '../views/client-snippets.ts';
import { statusTable } from '../views/status-table.ts';
import { paint, type ViewOptions } from '../views/style.ts';

/** Writes the header, which is printed once. */
export function liveHeader(
  { daemon, servers }: Status,
  { logs, colour }: { logs: string; colour: boolean },
): string[] {
  const { version } = daemon;
  const count = `${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`;
  const sheet = clientSnippets(servers);
  return [
    `${paint(`mcp-watchdog ${version}`, 'bold', colour)} supervises ${count}. Ctrl-C stops everything.`,
    ...locationLines(daemon, { logs, colour }),
    ...(sheet.length === 0 ? [] : ['', ...sheet]),
    '',
  ];
}

/** Writes one line for each address and path that a user may need. */
export function locationLines(
  { listen, config }: Pick<DaemonStatus, 'listen' | 'config'>,
  { logs, colour }: { logs: string; colour: boolean },
): string[] {
  const facts = [
    ...(listen === null
      ? []
      : [['metrics', `${origin(listen)}/metrics`] as const, ['page', `${origin(listen)}/`] as const]),
    ['logs', `${logs}  (mcp-watchdog logs -f)`] as const,
    ['config', config.path] as const,
  ];
  return facts.map(([label, value]) => `  ${paint(label.padEnd(8), 'dim', colour)} ${value}`);
}

/** Writes the block that is redrawn at each change. */
export function liveBlock(status: Status, options: ViewOptions): string[] {
  return ['', ...statusTable(status, options)];
}

function origin(listen: string): string {
  return (listen.includes('://') ? listen : `http://${listen}`).replace(/\/+$/u, '');
}
