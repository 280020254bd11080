// Liveness of an HTTP server without MCP: any response to a GET of its endpoint that is no fault of the server.
import type { ServerSpec } from '../core/model/server-spec.ts';
import { failed, failureOf } from '../wire/call.ts';
import { withTimeout, type Deadline } from '../wire/deadline.ts';
import { endpointOf, headersOf } from '../wire/http/http-endpoint.ts';
import type { McpTarget } from '../wire/mcp-transport.ts';
import { release } from '../wire/http/post-response.ts';
import { resultOfFailure, timed, type ProbeAttempt, type UntimedResult } from './probe-kind.ts';

type LivenessTarget = Pick<McpTarget, 'http' | 'clock'> & { readonly spec: ServerSpec };

/** Sends one GET. It opens no stream and no session: its Accept header asks for neither. */
export async function probeHttpLiveness(target: LivenessTarget, deadline: Deadline): Promise<ProbeAttempt> {
  const result = await timed(deadline, () => withTimeout(deadline, (signal) => get(target, signal)));
  return { probe: 'ping', result };
}

async function get(target: LivenessTarget, signal: AbortSignal): Promise<UntimedResult> {
  const url = endpointOf(target.spec);
  const what = `GET ${url.pathname}`;
  try {
    const headers = { ...headersOf(target.spec), accept: 'application/json' };
    const { status, body } = await target.http.send({ method: 'GET', url, headers, signal });
    release(body, target.clock);
    // 405 is what the specification asks for; 501 says the same.
    if (status < 500 || status === 501) return { outcome: 'passed' };
    return resultOfFailure(failed('http_status', `${what} was answered with HTTP ${status}`));
  } catch (error) {
    return resultOfFailure(failureOf(error, signal, what));
  }
}
