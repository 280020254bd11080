// One probe session against a real server, outside of any prober.
import type { ServerCondition } from '../../src/core/model/vocabulary.ts';
import type { Handshake } from '../../src/core/model/observations.ts';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { openConnection, type Connection } from '../../src/wire/connection.ts';
import { ProbeHabits } from '../../src/probes/habits.ts';
import type { Deadline } from '../../src/wire/deadline.ts';
import type { ProbeSession } from '../../src/probes/probe-kind.ts';
import { openSession } from '../../src/probes/registry.ts';
import { createLineSplitter } from '../../src/system/files/line-splitter.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { createHttpClient, type HttpClient } from '../../src/system/net/http-client.ts';
import type { Started } from '../fixtures/start.ts';
import { specOf } from '../fakes/spec.ts';

export interface TestSession extends ProbeSession {
  readonly handshakes: readonly Handshake[];
  readonly noise: readonly string[];
  /** How often the only session was found to be ours. */
  readonly taken: number;
  readonly remarks: ReadonlyMap<ServerCondition, string | null>;
  readonly connection: Connection | null;
  readonly http: HttpClient;
}

/** @param habits of a server whose sessions are known, so that none is opened to find out */
export function sessionOf(
  spec: ServerSpec,
  server: Started | null = null,
  habits = Object.assign(new ProbeHabits(), { sessions: 'many' }),
  isStopped = () => false,
): TestSession {
  let taken = 0;
  const handshakes: Handshake[] = [];
  const noise: string[] = [];
  const remarks = new Map<ServerCondition, string | null>();
  const http = createHttpClient();
  const connection = server === null ? null : connectionOf(server, noise);
  const session = openSession(
    {
      spec,
      run: 1,
      connection,
      http,
      clock: systemClock,
      environment: { PATH: process.env['PATH'] ?? '' },
      version: '0.0.0',
      onHandshake: (handshake) => handshakes.push(handshake),
      habits,
      isStopped: async () => isStopped(),
      onSessionTaken: () => void (taken += 1),
      onCondition: (condition, message) => remarks.set(condition, message),
    },
    spec.probe,
  );
  return {
    connect: (deadline, startTime) => session.connect(deadline, startTime),
    probe: (depth, deadline) => session.probe(depth, deadline),
    close: (deadline) => session.close(deadline),
    handshakes,
    noise,
    remarks,
    get taken() {
      return taken;
    },
    connection,
    http,
  };
}

export function connectionOf({ child: { stdin, stdout } }: Started, noise: string[] = []): Connection {
  const onNonProtocolOutput = linesInto(noise);
  return openConnection({ stdin, stdout }, { run: 1, version: '0.0.0', onNonProtocolOutput });
}

/** Puts each line into the list. */
export function linesInto(lines: string[], maxBytes = 16 * 1024 * 1024): (bytes: Buffer) => void {
  const splitter = createLineSplitter({ maxBytes, onLine: (line) => lines.push(line) });
  return (bytes) => splitter.push(bytes);
}

export function stdioSession(server: Started): TestSession {
  return sessionOf(specOf(), server);
}

export function httpSession(url: string, overrides: Parameters<typeof specOf>[0] = {}): TestSession {
  return sessionOf(specOf({ transport: 'http', url, ...overrides }));
}

export function deadline(timeout = 5_000, signal = new AbortController().signal): Deadline {
  return { clock: systemClock, timeout, signal };
}
