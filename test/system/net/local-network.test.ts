// What macOS 15 answers for hosts of the local network, and how it is told from a server that is down.
import { played } from '../../fakes/play-darwin.ts';
import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { outcomeOfError } from '../../../src/notify/channels/http-outcome.ts';
import { createHttpClient } from '../../../src/system/net/http-client.ts';
import {
  explainLocalNetwork,
  isLocalNetworkHost,
  LOCAL_NETWORK_WORDS,
} from '../../../src/system/net/local-network.ts';
import { explainProxyError } from '../../../src/system/net/proxy.ts';
import { failureOf } from '../../../src/wire/call.ts';

const never = new AbortController().signal;

function refusal(address: string, code = 'EHOSTUNREACH'): Error {
  const message = `connect ${code} ${address}:8443 - Local (0.0.0.0:0)`;
  return Object.assign(new Error(message), { code, address, port: 8443, syscall: 'connect' });
}

test.each([
  ['192.168.1.20', true],
  ['10.0.0.1', true],
  ['172.31.255.1', true],
  ['172.32.0.1', false],
  ['169.254.7.7', true],
  ['fe80::1%en0', true],
  ['[fd00::5]', true],
  ['2001:db8::1', false],
  ['8.8.8.8', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['nas.local', true],
  ['NAS', true],
  ['localhost', false],
  ['example.com', false],
  ['', false],
])('%s is in the local network: %s', (host, is) => expect(isLocalNetworkHost(host)).toBe(is));

describe('EHOSTUNREACH of a host nearby', () => {
  test.each([
    refusal('192.168.1.20'),
    refusal('fe80::1%en0'),
    new AggregateError([refusal('2001:db8::1', 'ENETUNREACH'), refusal('10.0.0.7')], 'all failed'),
  ])('proves nothing against the server: %s', (error) => {
    const failure = failureOf(explainLocalNetwork(error), never, 'POST /mcp');
    expect(failure.kind).toBe('inconclusive');
    expect(failure.detail).toContain(LOCAL_NETWORK_WORDS);
    expect(failure.detail).toContain('EHOSTUNREACH');
  });

  test.each([
    [refusal('8.8.8.8'), 'refused'],
    [refusal('192.168.1.20', 'ECONNREFUSED'), 'refused'],
    // A neighbour that is switched off.
    [refusal('192.168.1.20', 'EHOSTDOWN'), 'refused'],
  ])('is not %s', (error, reason) => {
    expect(explainLocalNetwork(error)).toBe(error);
    expect(failureOf(error, never, 'x')).toMatchObject({ kind: 'failed', reason });
  });

  test('is what it says on any other system', () => {
    const error = refusal('192.168.1.20');
    expect(explainLocalNetwork(error, false)).toBe(error);
    expect(failureOf(error, never, 'x')).toMatchObject({ kind: 'failed', reason: 'refused' });
  });

  test('is told of a proxy and of a channel in the same words', () => {
    const proxy = new URL('http://192.168.1.1:3128');
    const explained = explainProxyError(refusal('192.168.1.1'), proxy, 'example.com');
    expect(explained.message).toContain(LOCAL_NETWORK_WORDS);
    expect(failureOf(explained, never, 'x').kind).toBe('inconclusive');
    const { outcome } = outcomeOfError(explainLocalNetwork(refusal('10.0.0.7')), {
      host: 'nas',
      timeout: null,
    });
    expect(outcome.detail).toBe(
      `nas cannot be reached (no route to 10.0.0.7, EHOSTUNREACH: ${LOCAL_NETWORK_WORDS})`,
    );
  });
});

test('the HTTP client says it of the connections that it makes', async () => {
  expect(played).toBe('darwin');
  const connecting = vi.spyOn(Agent.prototype, 'createConnection').mockImplementation(() => {
    const socket = new Socket();
    queueMicrotask(() => socket.destroy(refusal('192.168.1.20')));
    return socket;
  });
  onTestFinished(() => connecting.mockRestore());
  const client = createHttpClient({});
  onTestFinished(() => client.dropSockets());
  const url = new URL('http://192.168.1.20:8443/mcp');
  const sending = client.send({ method: 'GET', url, headers: {}, signal: never });
  await expect(sending).rejects.toMatchObject({ code: 'LOCAL_NETWORK_DENIED' });
});
