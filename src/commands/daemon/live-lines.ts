// Lines of the live view of `run`: a header with addresses and paths, then one row per server, redrawn in place.
import type { DaemonStatus, Status } from '../../core/model/status.ts';
import { statusTable } from '../views/status-table.ts';
import { paint, type ViewOptions } from '../views/style.ts';

/** Writes the header, which is printed once. @param clients lines on how clients reach the servers */
export function liveHeader(
  { daemon, servers }: Status,
  { logs, colour, clients }: { logs: string; colour: boolean; clients: readonly string[] },
): string[] {
  const { version } = daemon;
  const count = `${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`;
  return [
    `${paint(`mcp-watchdog ${version}`, 'bold', colour)} supervises ${count}. Ctrl-C stops everything.`,
    ...locationLines(daemon, { logs, colour }),
    ...(clients.length === 0 ? [] : ['', ...clients]),
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
      : [
          ['metrics', `${origin(listen)}/metrics`] as const,
          ['page', `${origin(listen)}/  (mcp-watchdog open)`] as const,
        ]),
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
