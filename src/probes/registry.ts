// Registry of probe kinds: `probe.kind` in the config names one of these.
import type { ProbePolicy } from '../core/model/probe-policy.ts';
import type { ProbeKindName } from '../core/model/vocabulary.ts';
import { exec } from './exec.ts';
import { http } from './http.ts';
import { mcp } from './mcp.ts';
import type { ProbeKinds, ProbeSession, ProbeTarget } from './probe-kind.ts';

const PROBES: ProbeKinds = { mcp, http, exec };

/** Opens a session of the kind that the policy names. */
export function openSession<Name extends ProbeKindName>(
  target: ProbeTarget,
  policy: ProbePolicy<Name>,
  kinds: ProbeKinds = PROBES,
): ProbeSession {
  return kinds[policy.kind].open(target, policy);
}
