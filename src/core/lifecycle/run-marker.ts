// How a process that we started says whose it is: a variable that everything below it inherits.

/** Its value names one run of one server of one life of a daemon. */
export const RUN_MARKER = 'MCP_WATCHDOG_RUN';

/** Names one life of a daemon, so that whoever meets its mark can see whether that daemon still lives. */
export function daemonMark(
  daemon: { readonly pid: number; readonly startToken: string },
  unique: string,
): string {
  return `${daemon.pid}.${encodeURIComponent(daemon.startToken)}.${unique}`;
}

/** The daemon that a marker names; null when it is none of ours, or of a release that did not say. */
export function daemonOf(marker: string): { readonly pid: number; readonly startToken: string } | null {
  const [, pid, token = ''] = /^(\d+)\.([^./]+)\.[^/]+\//u.exec(marker) ?? [];
  return pid === undefined ? null : { pid: Number(pid), startToken: decoded(token) };
}

/** The server that a marker names; null when it is none of ours. */
export function serverOf(marker: string): string | null {
  return /^[^/]+\/([^/]+)\/\d+$/u.exec(marker)?.[1] ?? null;
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return '';
  }
}
