// Environment of a server: what a program needs to run on this machine, and nothing else of ours.

/** Named one by one: a secret in our own environment is not handed to every server. */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'DBUS_SESSION_BUS_ADDRESS',
  'SSH_AUTH_SOCK',
  '__CF_USER_TEXT_ENCODING',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
] as const;
const INHERITED_PREFIXES = ['LC_', 'XDG_'];

/**
 * Picks from our environment what a child may inherit.
 *
 * @param own what the config gives this server; it wins
 * @param programs folder that comes first on the PATH
 */
export function childEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
  programs?: string,
): Record<string, string> {
  const inherited = Object.entries(ours).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isInherited(entry[0]),
  );
  const environment = { ...Object.fromEntries(inherited), ...own };
  if (programs === undefined) return environment;
  const path = [programs, environment['PATH'] ?? ''].filter((each) => each !== '').join(':');
  return { ...environment, PATH: path };
}

function isInherited(name: string): boolean {
  return (
    INHERITED.some((known) => known === name) || INHERITED_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}
