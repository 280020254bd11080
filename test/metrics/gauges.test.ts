// Gauges that are computed anew only where a status changed, against those of a server that is seen for the first time.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServerStatus } from '../../src/core/model/status.ts';
import { createServerGauges, type ServerFacts } from '../../src/metrics/gauges.ts';
import type { Sample } from '../../src/metrics/sample.ts';
import { specOf } from '../fakes/spec.ts';
import { DOWN, NOW, serverStatus } from '../fakes/status.ts';
import { memoryOf, outlookOf, progressOf } from '../fakes/updates.ts';

const SPEC = specOf({});
const FACTS: ServerFacts = { spec: SPEC, wantedSince: NOW, lastSuccess: {}, protocolVersion: null };
const UPDATE = { checkedAt: NOW, outlook: outlookOf(), progress: null, memory: memoryOf() };
const LOAD = { sessions: 2, instances: 1, streams: 1, inFlight: 3, queued: 0 };
const HEALTHY = serverStatus();

/** One for each part of a status, and of what the recorder knows beside it, that gauges are made of. */
const CHANGES: readonly { status?: Partial<ServerStatus>; facts?: Partial<ServerFacts> }[] = [
  ...ofStatus([
    { transport: 'stdio' },
    { package: null },
    { version: '4.2.0' },
    { state: 'backoff' },
    { state: 'watched' },
    { state: 'idle' },
    { state: 'running' },
    { health: DOWN },
    { health: { ...HEALTHY.health, unauthorized: true } },
    { health: HEALTHY.health },
    { desired: 'down' },
    { desired: 'up' },
    { stoppedBecause: 'completed' },
    { stoppedBecause: null },
    { tools: 0 },
    { tools: 7 },
    { toolsBefore: 5 },
    { clients: LOAD },
    { clients: null },
    { changedTools: ['read'] },
    { startedAt: NOW },
    { lastExit: { at: NOW, code: 3, signal: null } },
    { backoff: 4000 },
    { budgetRemaining: 1 },
    { pid: null },
    { pid: 4243 },
    { usage: null },
    { usage: HEALTHY.usage && { ...HEALTHY.usage, residentBytes: 7, processes: 1 } },
    { limits: { ...HEALTHY.limits, memory: { soft: 5, hard: null } } },
    { update: UPDATE },
    { update: { ...UPDATE, progress: progressOf({ phase: 'probation' }) } },
    { update: { ...UPDATE, outlook: null } },
    { update: null },
    { probes: { ping: { at: NOW, ok: false, took: null } } },
    { probes: {} },
  ]),
  ...[
    { wantedSince: NOW + 5000 },
    { lastSuccess: { ping: NOW + 9000 } },
    { protocolVersion: '2025-11-25' },
    { spec: { ...SPEC, probe: { ...SPEC.probe, timeout: 77_000 } } },
  ].map((facts) => ({ facts })),
];

describe('the gauges of a server', () => {
  test('after any changes are those that it would have if it had been so from the start', () => {
    const anySequence = fc.array(fc.constantFrom(...CHANGES), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(anySequence, (sequence) => {
        const gauges = createServerGauges();
        let [status, facts] = [HEALTHY, FACTS];
        const apply = (change: (typeof CHANGES)[number]): void => {
          status = { ...status, ...change.status };
          facts = { ...facts, ...change.facts };
        };
        const held: (readonly Sample[])[] = [];
        const look = (): void =>
          gauges
            .takeChanged(status, facts)
            .forEach((group, index) => (held[index] = group ?? held[index] ?? []));
        look();
        for (const change of sequence) {
          apply(change);
          look();
          expect(held).toEqual(createServerGauges().takeChanged(status, facts));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('are given as unchanged where nothing changed, and as a whole after the server was forgotten', () => {
    const gauges = createServerGauges();
    const all = gauges.takeChanged(HEALTHY, FACTS);
    expect(gauges.takeChanged({ ...HEALTHY, run: 9 }, FACTS).every((group) => group === null)).toBe(true);
    gauges.forget(HEALTHY.name);
    expect(gauges.takeChanged(HEALTHY, FACTS)).toEqual(all);
  });
});

function ofStatus(changes: readonly Partial<ServerStatus>[]): { status: Partial<ServerStatus> }[] {
  return changes.map((status) => ({ status }));
}
