// Refusals of macOS 15 and later to let a background program talk to the local network (Apple's TN3179).
import { BlockList, isIP } from 'node:net';
import { codeOf } from '../../core/base/guards.ts';
import { isDarwin } from '../platform.ts';

/** Code of the errors that explainLocalNetwork makes. */
export const LOCAL_NETWORK_DENIED = 'LOCAL_NETWORK_DENIED';

/** Part of the message of such an error. */
export const LOCAL_NETWORK_WORDS = 'macOS may be keeping node from the local network';

/** Where a person allows it. */
export const LOCAL_NETWORK_CURE =
  'System Settings > Privacy & Security > Local Network: switch on node (or what started the watchdog), then mcp-watchdog restart';

const LOCAL = new BlockList();
LOCAL.addSubnet('10.0.0.0', 8);
LOCAL.addSubnet('172.16.0.0', 12);
LOCAL.addSubnet('192.168.0.0', 16);
LOCAL.addSubnet('169.254.0.0', 16);
LOCAL.addSubnet('fc00::', 7, 'ipv6');
LOCAL.addSubnet('fe80::', 10, 'ipv6');

/** True for the name or address of a machine that is not this one and, as far as can be told, near it. */
export function isLocalNetworkHost(host: string): boolean {
  const bare = host.replaceAll(/[[\]]/gu, '').replace(/%.*$/u, '').toLowerCase();
  const version = isIP(bare);
  if (version !== 0) return LOCAL.check(bare, version === 4 ? 'ipv4' : 'ipv6');
  return bare.endsWith('.local') || (!bare.includes('.') && bare !== 'localhost' && bare !== '');
}

/**
 * Makes an error of a connection say what may be behind it: macOS answers EHOSTUNREACH for every host of the local
 * network to a program that may not talk to it, such as a launch agent's node, at once and without a packet. A neighbour
 * that is switched off is EHOSTDOWN there. Any other error is returned as it is.
 */
export function explainLocalNetwork(error: Error, applies = isDarwin): Error {
  const parts = error instanceof AggregateError ? [error, ...error.errors] : [error];
  const refused = parts.find((one) => codeOf(one) === 'EHOSTUNREACH' && isLocalNetworkHost(addressOf(one)));
  if (!applies || refused === undefined) return error;
  const message = `no route to ${addressOf(refused)} (EHOSTUNREACH): ${LOCAL_NETWORK_WORDS}`;
  return Object.assign(new Error(message, { cause: error }), { code: LOCAL_NETWORK_DENIED });
}

/** Empty without one. */
function addressOf(error: unknown): string {
  return error instanceof Error && 'address' in error && typeof error.address === 'string'
    ? error.address
    : '';
}
