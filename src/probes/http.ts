// Probe kind `http`: GET of a health page, judged by its status.
import type { ProbePolicy } from '../core/model/probe-policy.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { failed, failureOf } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import { headersOf, parseUrl } from '../wire/http/http-endpoint.ts';
import { release } from '../wire/http/post-response.ts';
import {
  resultOfFailure,
  timed,
  type ProbeKind,
  type ProbeTarget,
  type UntimedResult,
} from './probe-kind.ts';

/** Its full probe is the same as its liveness probe. */
export const http: ProbeKind<'http'> = {
  summary: 'GET url, alive when the status is one of expectStatus; redirects are not followed',
  open(target, policy) {
    const probe = (deadline: Deadline) =>
      timed(deadline, () => withTimeout(deadline, (signal) => get(policy, target, signal)));
    return {
      connect: probe,
      probe: async (_depth, deadline) => [{ probe: 'http', result: await probe(deadline) }],
      close: () => Promise.resolve(),
    };
  },
};

async function get(
  { url: page, expectStatus }: ProbePolicy<'http'>,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<UntimedResult> {
  const url = parseUrl(page ?? target.spec.url ?? '');
  if (url === null) return { outcome: 'inconclusive', detail: 'There is no url to probe' };
  const what = `GET ${url.pathname}`;
  try {
    const headers = isSameOrigin(url, target.spec) ? headersOf(target.spec) : {};
    const { status, body } = await target.http.send({ method: 'GET', url, headers, signal });
    release(body, target.clock);
    return judge(status, what, expectStatus);
  } catch (error) {
    return resultOfFailure(failureOf(error, signal, what));
  }
}

// The configured headers belong to the server: its credentials must not reach a health page elsewhere.
function isSameOrigin(url: URL, { url: own }: ServerSpec): boolean {
  return own !== null && parseUrl(own)?.origin === url.origin;
}

/** Passes only a status that is listed: whoever expects a 401 lists it. */
function judge(status: number, what: string, expected: readonly number[]): UntimedResult {
  const isExpected = expected.length === 0 ? status >= 200 && status < 300 : expected.includes(status);
  if (isExpected) return { outcome: 'passed' };
  return resultOfFailure(failed('http_status', `${what} was answered with HTTP ${status}`));
}
