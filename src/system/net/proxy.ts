// Proxy of a URL by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, and what its errors mean.
import { codeOf, messageOf } from '../../core/base/guards.ts';
import { isLoopbackUrl } from '../../core/model/web-config.ts';
import { explainLocalNetwork } from './local-network.ts';

export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Variables that name proxies and their exceptions, in either case. */
export const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks:'];

/**
 * Finds the proxy for a URL as curl does: the lower-case variable first, ALL_PROXY last, none for what NO_PROXY lists.
 * Null for loopback addresses, whatever the variables say: a proxy cannot reach them.
 *
 * @throws Error when the variable holds no URL of a proxy
 */
export function proxyFor(url: URL, environment: ProxyEnvironment): URL | null {
  if (isLoopbackUrl(url)) return null;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const written = variable(environment, name) ?? variable(environment, 'ALL_PROXY');
  if (written === null || isExempt(url, variable(environment, 'NO_PROXY') ?? '')) return null;
  // `proxy.corp:3128` is what many write.
  const text = /^[a-z][a-z\d]*:\/\//i.test(written) ? written : `http://${written}`;
  const proxy = URL.canParse(text) ? new URL(text.replace(/^socks5h:/i, 'socks5:')) : null;
  if (proxy !== null && SCHEMES.includes(proxy.protocol)) return proxy;
  throw Object.assign(new Error(`${name} names no proxy; write http://HOST:PORT`), { code: 'PROXY_INVALID' });
}

/** Returns a proxy as people may see it: without its user and password. */
export function proxyName({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

/** Lists the passwords in the variables, as written and decoded: they must not appear in any output. */
export function proxyPasswords(environment: ProxyEnvironment): string[] {
  return PROXY_VARIABLES.flatMap((name) => {
    const [, written = ''] = /^[a-z\d]+:\/\/[^/@]*?:([^/]*)@/i.exec(environment[name] ?? '') ?? [];
    return written === '' ? [] : [...new Set([written, decoded(written)])];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function variable(environment: ProxyEnvironment, name: string): string | null {
  return (environment[name.toLowerCase()] ?? environment[name] ?? '').trim() || null;
}

/** NO_PROXY: names with their subdomains, optionally with a port, separated by commas or spaces; `*` is everything. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replaceAll(/[[\]]/gu, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/u)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, named = entry, at = port] = /^(.*?):(\d+)$/u.exec(entry) ?? [];
      const isIpv6 = (entry.match(/:/gu)?.length ?? 0) > 1 && !entry.startsWith('[');
      const name = (isIpv6 ? entry : named).replaceAll(/[[\]]|^\*?\.(?=.)/gu, '');
      return (isIpv6 || at === port) && (name === '*' || host === name || host.endsWith(`.${name}`));
    });
}

/** Codes of a connection that was never made: to the proxy, when there is one. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Makes an error of a request through a proxy say whose fault it is. What the proxy itself does says nothing about the server
 * behind it: PROXY_FAILED; a gateway error is the proxy's word that it did not reach the server: EHOSTUNREACH.
 */
export function explainProxyError(error: Error, proxy: URL, host: string): Error {
  const name = proxyName(proxy);
  const message = messageOf(error instanceof AggregateError ? error.errors[0] : error);
  const status = Number(/\((\d{3})\)/u.exec(message)?.[1] ?? NaN);
  if (NOT_CONNECTED.has(codeOf(error) ?? '')) {
    const explained = explainLocalNetwork(error);
    const why = explained === error ? message : explained.message;
    return proxyError(error, `the proxy ${name} cannot be reached: ${why}`);
  }
  if (!/proxy/i.test(message) || Number.isNaN(status)) return error;
  if (status === 407)
    return proxyError(
      error,
      `the proxy ${name} wants a user and password (HTTP 407), as in http://USER:PASSWORD@HOST`,
    );
  if (status >= 502 && status <= 504)
    return proxyError(error, `the proxy ${name} did not reach ${host}: HTTP ${status}`, 'EHOSTUNREACH');
  return proxyError(error, `the proxy ${name} refused the connection to ${host}: HTTP ${status}`);
}

function proxyError(cause: Error, message: string, code = 'PROXY_FAILED'): Error {
  return Object.assign(new Error(message, { cause }), { code });
}
