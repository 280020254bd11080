// Registry of probe kinds: `probe.kind` in the config names one of these.
import { exec } from './exec.ts';
import { http } from './http.ts';
import type { ProbeKind } from './probe-kind.ts';
import { mcp } from './mcp.ts';

export const PROBES = { mcp, http, exec } satisfies Record<string, ProbeKind>;
