// Reducer of events to the status: secrets never shown, and the reasons for which a server is down.
import { describe, expect, it } from 'vitest';
import type { EventOf } from '../../../src/core/model/events.ts';
import { reduceStatus } from '../../../src/core/status/reduce-status.ts';
import { INITIAL_LIFECYCLE, type LifecycleState } from '../../../src/core/model/lifecycle-state.ts';
import { NO_HISTORY, type ServerStatus, type Status } from '../../../src/core/model/status.ts';
import { NO_UPDATES } from '../../../src/core/model/update.ts';
import { specOf } from '../../fakes/spec.ts';
import { DOWN, NOW, status } from '../../fakes/status.ts';

const nothing = () => NO_HISTORY;
const HEALTHY = { ...DOWN, up: true, consecutiveFailures: 0, detail: null };

function added(change: Parameters<typeof specOf>[0] = {}): Status {
  const spec = specOf({ name: 'files', ...change });
  return reduceStatus(status([]), { kind: 'server-added', at: NOW, server: 'files', spec }, nothing);
}

function moved(
  before: Status,
  to: LifecycleState,
  from: LifecycleState = INITIAL_LIFECYCLE,
): ServerStatus | undefined {
  const event: EventOf<'transition'> = {
    kind: 'transition',
    at: NOW,
    server: 'files',
    from,
    to,
    cause: 'test',
    nextAttemptAt: null,
    budgetRemaining: 5,
  };
  return reduceStatus(before, event, nothing).servers[0];
}

describe('foldStatus()', () => {
  it.each([
    ['https://ada:lovelace@example.test:9640/mcp?token=abc#key', 'https://example.test:9640/mcp'],
    ['not a url, but secret', null],
  ])('shows of the url %s only %s', (url, shown) => {
    expect(added({ transport: 'http', url }).servers[0]?.url).toBe(shown);
    const spec = specOf({ name: 'files', url });
    const changed = reduceStatus(
      added(),
      { kind: 'server-changed', at: NOW, server: 'files', spec },
      nothing,
    );
    expect(changed.servers[0]?.url).toBe(shown);
  });

  it('remembers when the verdict became another, not each probe', () => {
    const verdict = (before: Status, at: number, suspect: boolean): Status =>
      reduceStatus(before, { kind: 'health', at, server: 'files', health: { ...HEALTHY, suspect } }, nothing);
    const first = verdict(added({ url: 'http://127.0.0.1:9/mcp', source: { kind: 'url' } }), NOW + 1, false);
    expect(first.servers[0]?.verdictSince).toBe(NOW + 1);
    const suspect = verdict(verdict(first, NOW + 2, true), NOW + 3, true);
    expect(suspect.servers[0]).toMatchObject({ since: NOW, verdictSince: NOW + 2 });
    expect(verdict(suspect, NOW + 4, false).servers[0]?.verdictSince).toBe(NOW + 4);
  });

  it('keeps what an update of ours changed of the tools with the update, until the next one', () => {
    const source = { kind: 'package', manager: 'npm', package: 'x', version: 'latest', bin: null } as const;
    const changes = [{ tool: 'read', parts: ['description'] }] as const;
    const told = { kind: 'tools-changed', at: NOW, server: 'files', changes } as const;
    const unasked = reduceStatus(added({ source }), told, nothing).servers[0];
    expect(unasked?.changedTools).toEqual(['read']);
    expect(unasked?.update?.toolChanges).toBeUndefined();
    const ours = reduceStatus(added({ source }), { ...told, byUpdate: '2.0.0' }, nothing);
    expect(ours.servers[0]).toMatchObject({ changedTools: [], update: { toolChanges: changes } });
    const facts = {
      from: '2.0.0',
      to: '3.0.0',
      by: 'operator',
      since: NOW,
      until: null,
      detail: null,
    } as const;
    const progress = { ...facts, phase: 'installing' } as const;
    const next = reduceStatus(ours, { kind: 'update-moved', at: NOW, server: 'files', progress }, nothing);
    expect(next.servers[0]?.update?.toolChanges).toBeUndefined();
  });

  it('keeps the number of tools of before while the list is empty, until the config changes', () => {
    const afterListing = (before: Status, tools: number): Status =>
      reduceStatus(
        before,
        {
          kind: 'probed',
          at: NOW,
          server: 'files',
          probe: 'list_tools',
          result: { outcome: 'passed', took: 1, tools },
        },
        nothing,
      );
    const lost = afterListing(afterListing(added(), 12), 0);
    expect(lost.servers[0]).toMatchObject({ tools: 0, toolsBefore: 12 });
    const spec = specOf({ name: 'files', args: ['--few'] });
    const changed = reduceStatus(lost, { kind: 'server-changed', at: NOW, server: 'files', spec }, nothing);
    expect(changed.servers[0]).toMatchObject({ tools: 0, toolsBefore: null });
  });

  it('keeps the remarks on a process until the next one is started', () => {
    const remark = (before: Status, message: string | null): Status =>
      reduceStatus(
        before,
        { kind: 'condition', at: NOW, server: 'files', condition: 'framing', message },
        nothing,
      );
    const remarked = remark(added(), 'speaks LSP framing');
    expect(remarked.servers[0]?.conditions).toEqual({ framing: 'speaks LSP framing' });
    expect(remark(remarked, null).servers[0]?.conditions).toEqual({});
    const next = reduceStatus(
      remarked,
      { kind: 'spawned', at: NOW, server: 'files', run: 2, pid: 7, version: null },
      nothing,
    );
    expect(next.servers[0]?.conditions).toEqual({});
  });

  it('forgets the versions of a program that was replaced, and hears no more of them', () => {
    const source = { kind: 'package', manager: 'npm', package: 'x', version: 'latest', bin: null } as const;
    const progress = {
      phase: 'canary',
      from: '1.0.0',
      to: '2.0.0',
      by: 'operator',
      since: NOW,
      until: null,
      detail: null,
    } as const;
    const told = { kind: 'update-moved', at: NOW, server: 'files', progress } as const;
    const ended = {
      kind: 'update-settled',
      at: NOW,
      server: 'files',
      memory: NO_UPDATES,
      isNews: true,
    } as const;
    const updating = reduceStatus(added({ source }), told, nothing);
    const change = (spec: EventOf<'server-changed'>['spec']) => {
      const event = { kind: 'server-changed', at: NOW, server: 'files', spec } as const;
      return reduceStatus(reduceStatus(updating, event, nothing), ended, nothing).servers[0];
    };
    expect(updating.servers[0]?.update).toMatchObject({ progress });
    expect(change(specOf({ name: 'files' }))).toMatchObject({
      source: 'command',
      version: null,
      update: null,
    });
    const other = specOf({ name: 'files', source: { ...source, package: 'y' } });
    expect(change(other)?.update).toMatchObject({ progress: null, outlook: null });
    const event = {
      kind: 'server-changed',
      at: NOW,
      server: 'files',
      spec: specOf({ name: 'files', source }),
    } as const;
    expect(reduceStatus(updating, event, nothing).servers[0]?.update).toMatchObject({ progress });
  });

  it('counts one that waits for another as wanted, even after it was stopped', () => {
    const asked = { ...INITIAL_LIFECYCLE, phase: 'stopped', because: 'asked', wanted: 'down' } as const;
    const stopped = { ...added(), servers: [moved(added(), asked)].filter((one) => one !== undefined) };
    const waiting = { kind: 'waiting', at: NOW, server: 'files', on: ['db'] } as const;
    const now = reduceStatus(stopped, waiting, nothing);
    expect(now.servers[0]).toMatchObject({ desired: 'up', note: 'waiting for db' });
    const given = reduceStatus(now, { ...waiting, on: [] }, nothing);
    expect(given.servers[0]?.note).toBeNull();
    expect(moved(given, asked)?.desired).toBe('down');
  });

  it('no longer tells how an install goes on once it has failed or was broken off', () => {
    const { wanted, run, failures, attempt, halfOpen, cause } = INITIAL_LIFECYCLE;
    const preparing = { phase: 'preparing', wanted, run, failures, attempt, halfOpen, cause } as const;
    const progress = { kind: 'install-progress', at: NOW, server: 'files', line: 'resolving x' } as const;
    const before = reduceStatus(added(), progress, nothing);
    expect(before.servers[0]?.note).toBe('resolving x');
    expect(moved(before, preparing)?.note).toBe('resolving x');
    const backoff = { ...preparing, phase: 'backoff', delay: 1000, deadline: 1000 } as const;
    expect(moved(before, backoff, preparing)?.note).toBeNull();
    const stopped = { ...INITIAL_LIFECYCLE, phase: 'stopped', because: 'asked' } as const;
    expect(moved(before, stopped, preparing)?.note).toBeNull();
  });

  it.each(['asked', 'completed', 'prevented'] as const)('says that a server rests because: %s', (because) => {
    const before = added();
    expect(before.servers[0]?.stoppedBecause).toBeNull();
    const stopped = moved(before, { ...INITIAL_LIFECYCLE, phase: 'stopped', because, wanted: 'up' });
    expect(stopped).toMatchObject({ state: 'stopped', stoppedBecause: because, desired: 'up' });
    const { wanted, run, failures, attempt, halfOpen, cause } = INITIAL_LIFECYCLE;
    const preparing = { phase: 'preparing', wanted, run, failures, attempt, halfOpen, cause } as const;
    expect(moved(before, preparing)?.stoppedBecause).toBeNull();
  });
});
