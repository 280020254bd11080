// Address of the page for a browser on this machine.

/** Turns what the daemon listens on into an address that a browser here can open: all interfaces become loopback. */
export function pageUrl(listen: string): string {
  const withScheme = listen.includes('://') ? listen : `http://${listen}`;
  const local = withScheme
    .replace(/^(https?:\/\/)0\.0\.0\.0(?=[:/]|$)/u, '$1127.0.0.1')
    .replace(/^(https?:\/\/)\[::\](?=[:/]|$)/u, '$1[::1]');
  return `${local.replace(/\/+$/u, '')}/`;
}
