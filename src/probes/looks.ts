// What a look comes to, and when the session behind it must be opened anew.
import type { ProbeResult } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import type { ProbeAttempt } from './probe-kind.ts';

export function lastResult(seen: readonly ProbeAttempt[]): ProbeResult {
  return seen.at(-1)?.result ?? { outcome: 'inconclusive', detail: 'The probe saw nothing' };
}

/** In a time that does not count a failure says nothing; a pass still says that the server lives. */
export function excused(result: ProbeResult): ProbeResult {
  if (result.outcome !== 'failed' || result.reason === 'unauthorized') return result;
  return { outcome: 'inconclusive', detail: `Not counted, in a quiet time: ${result.detail}` };
}

/** All that a session keeps of the spec that it was opened with. */
export function sessionKey({ transport, url, headers, env, cwd, probe }: ServerSpec): string {
  const { kind, url: page, expectStatus, command } = probe;
  return JSON.stringify([transport, url, headers, env, cwd, kind, page, expectStatus, command]);
}
