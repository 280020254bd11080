// Who may ask: programs on this machine and pages of our own, never a web site in the user's browser.
// A page on the internet can make a name of its own resolve to 127.0.0.1 (DNS rebinding), so the Host decides, on every
// route. An address as Host is no danger: a name is what such a page needs.

export interface RequestSource {
  readonly method: string;
  /** The path, without a query. */
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`: what a browser says about the page that asks. */
  readonly site: string | undefined;
  readonly mode: string | undefined;
  /** Where the request came in. */
  readonly address: string;
  readonly port: number;
}

export interface Refusal {
  readonly status: 403 | 405;
  readonly reason: string;
}

const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/** @param allowedHosts further names, in lower case, with or without a port; without one, ours is meant */
export function findRefusal(asking: RequestSource, allowedHosts: readonly string[] = []): Refusal | null {
  if (!isAllowedHost(asking, allowedHosts)) return { status: 403, reason: 'This Host is not allowed' };
  if (!isOwnOrigin(asking)) return { status: 403, reason: 'Other origins are not allowed' };
  if (!isOwnSite(asking)) return { status: 403, reason: 'Requests by other sites are not allowed' };
  const methods = methodsOf(asking.path);
  if (methods.includes(asking.method)) return null;
  return {
    status: 405,
    reason: `Only ${methods.join(' and ')} ${methods.length > 1 ? 'are' : 'is'} allowed`,
  };
}

/** Where Alertmanager tells us what it told: the one place that takes anything. */
export const ALERTMANAGER_WEBHOOK_PATH = '/api/v1/alertmanager';

export function methodsOf(path: string): readonly string[] {
  return path === ALERTMANAGER_WEBHOOK_PATH ? ['POST'] : ['GET', 'HEAD'];
}

function isAllowedHost({ host, address, port }: RequestSource, allowedHosts: readonly string[]): boolean {
  const written = host?.toLowerCase() ?? '';
  const [, name, itsPort] = /^(\[[\da-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?$/.exec(written) ?? [];
  if (name === undefined) return false;
  if (allowedHosts.includes(written)) return true;
  const isPortRight = itsPort === undefined || Number(itsPort) === port;
  return isPortRight && [...LOOPBACK, inHost(address), ...allowedHosts].includes(name);
}

/** An address as it stands in a Host header; Node calls IPv4 `::ffff:127.0.0.1` on a socket that takes both. */
function inHost(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/, '');
  return bare.includes(':') ? `[${bare}]` : bare;
}

/** A browser names the origin of what it was told to send; `null` stands for one that it hides. */
function isOwnOrigin({ origin, host = '' }: RequestSource): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin) || !/^https?:\/\//i.test(origin)) return false;
  // A proxy in front of us may speak https where we do not: the name decides, with the port that the scheme implies.
  const { protocol, host: itsHost } = new URL(origin);
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === itsHost;
}

/** Another port of this machine is the same site: its pages may link here, but not read or embed what is here. */
function isOwnSite({ site, mode }: RequestSource): boolean {
  return (
    site === undefined ||
    site === 'same-origin' ||
    site === 'none' ||
    (site === 'same-site' && mode === 'navigate')
  );
}
