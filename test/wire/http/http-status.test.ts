import { describe, expect, it } from 'vitest';
import { failureOfStatus } from '../../../src/wire/http/http-status.ts';

function judged(
  status: number,
  text: string | null = null,
  { url = 'http://127.0.0.1:8931/mcp', location = '' } = {},
) {
  const headers = location === '' ? {} : { location };
  return failureOfStatus({ status, headers, url: new URL(url), text }, 'initialize');
}

describe('a refusal', () => {
  it('for want of credentials says so, in the words of the server', () => {
    expect(judged(401, 'Missing API key')).toEqual({
      kind: 'failed',
      reason: 'unauthorized',
      detail: 'initialize was answered with HTTP 401, it wants credentials: Missing API key',
      quote: 'Missing API key',
    });
    expect(judged(403, 'Forbidden')).toMatchObject({
      reason: 'unauthorized',
      detail: 'initialize was answered with HTTP 403: Forbidden',
    });
  });

  it.each([
    [403, 'Access is only allowed at localhost:8931', 'http://localhost:8931/mcp'],
    [421, 'Invalid Host header', 'http://localhost:8931/mcp'],
    [421, null, 'http://localhost:8931/mcp'],
    [403, 'Forbidden: Host header is not allowed', 'http://localhost:8931/mcp'],
    [403, 'Blocked request. This host ("127.0.0.1:8931") is not allowed', 'http://localhost:8931/mcp'],
    [403, 'Only mcp.example.com:8931 may be the Host', 'http://mcp.example.com:8931/mcp'],
  ])('of our Host with HTTP %i "%s" says which url to write', (status, text, url) => {
    expect(judged(status, text)).toMatchObject({
      reason: 'wrong_host',
      detail: expect.stringMatching(
        `^It refuses the Host 127.0.0.1:8931 \\(HTTP ${status}\\): write its url as ${url}`,
      ),
    });
  });

  it('of our Host knows the other names of this machine, and none of another', () => {
    const to = (url: string) => judged(421, null, { url });
    expect(to('http://localhost/mcp')).toMatchObject({
      detail: expect.stringContaining('as http://127.0.0.1/mcp'),
    });
    expect(to('http://[::1]:3000/mcp')).toMatchObject({
      detail: expect.stringContaining('as http://localhost:3000/mcp'),
    });
    expect(to('https://mcp.example.com/mcp')).toMatchObject({
      detail: 'It refuses the Host mcp.example.com (HTTP 421): write its url with a name that it accepts',
    });
  });

  it('of our Origin names the header', () => {
    expect(judged(403, 'Invalid Origin header')).toMatchObject({
      reason: 'wrong_host',
      detail:
        'It refuses our Origin (HTTP 403): set headers.Origin to one that it accepts: Invalid Origin header',
    });
  });
});

describe('a redirect', () => {
  it('that is not followed says which url to write, without what may be a secret', () => {
    expect(judged(307, null, { location: 'https://example.com/mcp/?token=hush' })).toEqual({
      kind: 'failed',
      reason: 'http_status',
      detail: 'initialize was answered with HTTP 307: write its url as https://example.com/mcp/',
    });
    expect(judged(302, null, { location: '/sse' })).toMatchObject({
      detail: 'initialize was answered with HTTP 302: write its url as http://127.0.0.1:8931/sse',
    });
    expect(judged(308)).toMatchObject({
      detail: 'initialize was answered with HTTP 308, a redirect to nowhere',
    });
  });
});

it('a status of the server itself is told with its words; one that the body decides is not judged', () => {
  expect(judged(503, 'upstream unavailable')).toMatchObject({
    reason: 'http_status',
    detail: 'initialize was answered with HTTP 503: upstream unavailable',
  });
  expect(judged(429)).toMatchObject({ kind: 'inconclusive' });
  for (const status of [200, 202, 400, 404, 405, 410]) expect(judged(status)).toBeNull();
});
