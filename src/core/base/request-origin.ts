// Host and origin rule of an HTTP server on this machine: its own programs and pages may ask, a web site in the user's browser may not.
// A page on the internet can make a name of its own resolve to 127.0.0.1 (DNS rebinding), so the Host decides, on every
// route. An address as Host is no danger: a name is what such a page needs.

/** The parts of a request that say where it comes from. */
export interface RequestOrigin {
  /** Every Host header as sent: HTTP allows one. */
  readonly hosts: readonly string[];
  /** The request target: a path, or in absolute form an URL whose authority replaces the Host (RFC 9112, 3.2.2). */
  readonly target: string;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site` and `Sec-Fetch-Mode`: what a browser says about the page that asks. */
  readonly site: string | undefined;
  readonly mode: string | undefined;
  /** Where the request came in. */
  readonly address: string;
  readonly port: number;
}

export interface OriginRule {
  /** Further names, in lower case, with or without a port; without one, ours is meant. */
  readonly allowedHosts?: readonly string[];
  /** Further origins, in lower case: pages of these may ask, as far as the browser lets them. */
  readonly allowedOrigins?: readonly string[];
  /** Pages of other sites may link to it: only for what changes nothing and tells nothing about this machine. */
  readonly isLinkable?: boolean;
}

const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

export interface Refusal {
  readonly status: 400 | 403;
  /** The part of the request that is at fault: `origin` stands for what a browser says about the page. */
  readonly part: 'host' | 'origin';
  readonly reason: string;
}

/** @returns why the request must be refused; null when it may be answered */
export function refuseForeignOrigin(
  request: RequestOrigin,
  { allowedHosts = [], allowedOrigins = [], isLinkable = false }: OriginRule = {},
): Refusal | null {
  if (request.hosts.length > 1) return { status: 400, part: 'host', reason: 'More than one Host header' };
  const host = request.hosts[0] ?? '';
  const authority = authorityOf(request.target);
  if (authority === null)
    return { status: 400, part: 'host', reason: 'The request target is neither a path nor an http URL' };
  const isAllowed = (name: string): boolean => isAllowedHost(name, request, allowedHosts);
  if (!isAllowed(host) || (authority !== '' && !isAllowed(authority)))
    return forbidden('host', 'This Host is not allowed');
  return refuseOrigin(request, host, { allowedOrigins, isLinkable });
}

function refuseOrigin(
  request: RequestOrigin,
  host: string,
  { allowedOrigins, isLinkable }: Required<Omit<OriginRule, 'allowedHosts'>>,
): Refusal | null {
  if (request.origin !== undefined && allowedOrigins.includes(request.origin.toLowerCase())) return null;
  if (!isOwnOrigin(request.origin, host)) return forbidden('origin', 'Other origins are not allowed');
  if (isOwnSite(request, isLinkable)) return null;
  return forbidden('origin', 'Requests by other sites are not allowed');
}

function forbidden(part: Refusal['part'], reason: string): Refusal {
  return { status: 403, part, reason };
}

/** The authority of a target in absolute form; empty for a path, null for what is neither. */
function authorityOf(target: string): string | null {
  if (target.startsWith('/')) return '';
  return /^https?:\/\/([^/?#]*)/iu.exec(target)?.[1] ?? null;
}

function isAllowedHost(
  host: string,
  { address, port }: RequestOrigin,
  allowedHosts: readonly string[],
): boolean {
  // What nearly all clients write.
  if (host === `127.0.0.1:${port}` || host === `localhost:${port}`) return true;
  const written = host.toLowerCase();
  const [, name, itsPort] = /^(\[[\da-f:.]+\]|[^\s:/@[\]]+)(?::(\d{1,5}))?$/.exec(written) ?? [];
  if (name === undefined) return false;
  if (allowedHosts.includes(written)) return true;
  const isPortRight = itsPort === undefined || Number(itsPort) === port;
  return isPortRight && (LOOPBACK.includes(name) || name === inHost(address) || allowedHosts.includes(name));
}

/** Writes an address as in a Host header; Node calls IPv4 `::ffff:127.0.0.1` on a socket that takes both. */
function inHost(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/, '');
  return bare.includes(':') ? `[${bare}]` : bare;
}

/** Compares Origin and Host; `null` stands for an origin that the browser hides. */
function isOwnOrigin(origin: string | undefined, host: string): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin) || !/^https?:\/\//i.test(origin)) return false;
  // A proxy in front of us may speak https where we do not: the name decides, with the port that the scheme implies.
  const { protocol, host: itsHost } = new URL(origin);
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === itsHost;
}

/** Another port of this machine is the same site: its pages may link here, but not read or embed what is here. */
function isOwnSite({ site, mode }: RequestOrigin, isLinkable: boolean): boolean {
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return mode === 'navigate' && (site === 'same-site' || isLinkable);
}
