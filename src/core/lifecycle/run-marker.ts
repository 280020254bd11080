// Environment variable that marks the processes of one run: everything below them inherits it.

/** The variable's name. Its value identifies daemon process, server and run. */
export const RUN_MARKER = 'MCP_WATCHDOG_RUN';

/** Identifies one daemon process, so that a reader of the marker can check whether it is still alive. */
export function daemonMark(
  daemon: { readonly pid: number; readonly startToken: string },
  unique: string,
): string {
  return `${daemon.pid}.${encodeURIComponent(daemon.startToken)}.${unique}`;
}

/** Returns the daemon of a marker; null when it is not ours, or of a release that did not name it. */
export function daemonOf(marker: string): { readonly pid: number; readonly startToken: string } | null {
  const [, pid, token = ''] = /^(\d+)\.([^./]+)\.[^/]+\//u.exec(marker) ?? [];
  return pid === undefined ? null : { pid: Number(pid), startToken: decoded(token) };
}

/** Returns the server of a marker; null when it is not ours. */
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
