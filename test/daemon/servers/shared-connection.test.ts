import { afterEach, describe, expect, it } from 'vitest';
import { connectionSharedBy } from '../../../src/daemon/servers/shared-connection.ts';
import type { UnstampedEvent } from '../../../src/core/model/events.ts';
import { FRAMING_FAULTS } from '../../../src/wire/framing.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { specOf } from '../../fakes/spec.ts';
import { waitFor } from '../../fakes/wait-for.ts';
import { startStdio, stopAll } from '../../fixtures/start.ts';
import { linesInto } from '../../probes/session.ts';

afterEach(stopAll);

function observe(behaviour: string) {
  const events: UnstampedEvent[] = [];
  const noise: string[] = [];
  const log = linesInto(noise);
  const { stdin, stdout, stderr } = startStdio(['--behaviour', behaviour]).child;
  const forever = new Promise<never>(() => undefined);
  const spawned = {
    pid: 1,
    stdin,
    stdout,
    stderr,
    exit: forever,
    drained: forever,
    releasePipes: () => undefined,
  };
  const observer = connectionSharedBy(
    [
      {
        onSpawn({ connection }) {
          void connection?.connect(new AbortController().signal);
          return {};
        },
      },
    ],
    {
      version: '0.0.0',
      clock: systemClock,
      outputs: { noise: (_, bytes) => log(bytes), note: () => undefined },
      bus: { publish: (event) => events.push(event) },
    },
  );
  observer.onSpawn({ spec: specOf({ name: 'one' }), version: null, run: 1, child: spawned });
  return { events, noise };
}

describe('text on stdout', () => {
  it('is remarked once, and kept in the log', async () => {
    const { events, noise } = observe('noise');
    await waitFor(() => noise.length === 3);
    expect(events).toEqual([
      {
        kind: 'condition',
        server: 'one',
        condition: 'stdout_text',
        message: expect.stringContaining('prints text to stdout, where only messages belong'),
      },
    ]);
  });

  it('gives way to the framing fault that it is a part of', async () => {
    const { events } = observe('pretty');
    await waitFor(() => events.length === 3);
    expect(events.slice(1)).toEqual([
      { kind: 'condition', server: 'one', condition: 'stdout_text', message: null },
      { kind: 'condition', server: 'one', condition: 'framing', message: FRAMING_FAULTS['several-lines'] },
    ]);
  });
});

describe('a process that takes the place of one that died', () => {
  it('is greeted at once, and given to who goes on early; the others follow with its run', async () => {
    const told: string[] = [];
    const connections = new Set<unknown>();
    const user = (name: string, isEarly: boolean) => ({
      isEarly,
      onSpawn({ run, connection }: { readonly run: number; readonly connection: unknown }) {
        told.push(`${name} ${run}`);
        if (run === 2) connections.add(connection);
        return { onGone: () => void told.push(`${name} ${run} gone`) };
      },
    });
    const parts = {
      version: '0.0.0',
      clock: systemClock,
      outputs: { noise: () => undefined, note: () => undefined },
      bus: { publish: () => 0 },
    };
    const observer = connectionSharedBy([user('clients', true), user('probes', false)], parts);
    const spec = specOf({ name: 'one' });
    const processOf = (drained: Promise<void>) => {
      const { stdin, stdout, stderr } = startStdio([]).child;
      const exit = new Promise<never>(() => undefined);
      return { pid: 1, stdin, stdout, stderr, exit, drained, releasePipes: () => undefined };
    };
    const dead = { spec, version: null, run: 1, child: processOf(Promise.resolve()) };
    const standIn = { spec, version: null, run: 2, child: processOf(new Promise<never>(() => undefined)) };
    const first = observer.onSpawn(dead);
    void first.onReplaced?.(standIn);
    await waitFor(() => told.includes('clients 2'), { what: 'the early one' });
    first.onGone?.();
    const second = observer.onSpawn(standIn);
    second.onGone?.();
    expect(told).toEqual([
      'clients 1',
      'probes 1',
      'clients 2',
      'clients 1 gone',
      'probes 1 gone',
      'probes 2',
      'clients 2 gone',
      'probes 2 gone',
    ]);
    expect(connections.size).toBe(1);
  });
});
