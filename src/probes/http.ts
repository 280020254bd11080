// Does a plain HTTP address answer as expected? For servers that offer a health page.
import type { ServerSpec } from '../core/model/server-spec.ts';
import { failed, failureOf, type CallFailure } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import { headersOf, parseUrl } from '../wire/http-endpoint.ts';
import { release } from '../wire/post-response.ts';
import { timed, type ProbeKind, type ProbeTarget, type UntimedResult } from './probe-kind.ts';

export const http: ProbeKind = {
  summary: 'GET url, alive when the status is one of expectStatus; redirects are not followed',
  open(target) {
    const look = (patience: Deadline) =>
      timed(patience, () => withTimeout(patience, (signal) => get(target, signal)));
    return {
      connect: look,
      probe: async (_depth, patience) => [{ probe: 'http', result: await look(patience) }],
      close: () => Promise.resolve(),
    };
  },
};

async function get(target: ProbeTarget, signal: AbortSignal): Promise<UntimedResult> {
  const url = parseUrl(target.spec.probe.url ?? target.spec.url ?? '');
  if (url === null) return { outcome: 'inconclusive', detail: 'There is no url to probe' };
  const what = `GET ${url.pathname}`;
  try {
    const headers = isSameOrigin(url, target.spec) ? headersOf(target.spec) : {};
    const { status, body } = await target.http.send({ method: 'GET', url, headers, signal });
    release(body, target.clock);
    return judge(status, what, target.spec);
  } catch (error) {
    return resultOf(failureOf(error, signal, what));
  }
}

// The configured headers belong to the server; a health page elsewhere has no business with its credentials.
function isSameOrigin(url: URL, { url: own }: ServerSpec): boolean {
  return own !== null && parseUrl(own)?.origin === url.origin;
}

/** Only what is listed is alive: whoever expects a 401 lists it. */
function judge(status: number, what: string, { probe }: ServerSpec): UntimedResult {
  const expected = probe.expectStatus;
  const isExpected = expected.length === 0 ? status >= 200 && status < 300 : expected.includes(status);
  if (isExpected) return { outcome: 'passed' };
  return resultOf(failed('http_status', `${what} was answered with HTTP ${status}`));
}

function resultOf(failure: CallFailure): UntimedResult {
  return failure.kind === 'inconclusive'
    ? { outcome: 'inconclusive', detail: failure.detail }
    : { outcome: 'failed', reason: failure.reason, detail: failure.detail };
}
