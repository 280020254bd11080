// Output of all servers: captured into one redacted, bounded log each; stdout of a stdio server goes to its connection.
import { join } from 'node:path';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Redactor } from '../../core/base/text.ts';
import {
  captureOutput,
  createOutputLimiter,
  type CaptureOptions,
  type OutputLimiter,
} from '../../logs/capture-output.ts';
import { openServerLog, type ServerLog } from '../../logs/server-log.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { SpawnedProcess } from '../../system/process/spawn.ts';

export interface ServerOutputs {
  /** Reads what a new process prints until its pipes end; one that stood by is read already. */
  capture(spec: ServerSpec, run: number, child: SpawnedProcess, options?: { readonly isRead: boolean }): void;
  /**
   * Reads what a process beside that of the runner prints on stderr.
   *
   * @returns what logs the noise on its stdout, within the limits of all output
   */
  captureBeside(spec: ServerSpec, what: string, child: SpawnedProcess): (bytes: Buffer) => void;
  /** Logs what stands on a stdio server's stdout and is no protocol message, within the limits of all output. */
  noise(server: string, bytes: Buffer): void;
  /** Logs a remark of ours, one a second and the number of those between: a server may cause thousands. */
  note(server: string, text: string): void;
  lastLines(server: string): readonly string[];
  /** Returns the line that it printed last, and its number; null for none since its start. */
  latestLine(server: string): { readonly number: number; readonly text: string } | null;
  /** Closes the log of a server that is no longer configured. */
  forget(server: string): Promise<void>;
  flushSync(): void;
  close(): Promise<void>;
}

export interface ServerOutputsOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly paths: Paths;
  readonly redactor: Redactor;
  readonly onTrouble: (server: string, error: Error | null) => void;
}

/** ms */
const NOTE_INTERVAL = 1_000;

export function createServerOutputs({
  clock,
  bus,
  paths,
  redactor,
  onTrouble,
}: ServerOutputsOptions): ServerOutputs {
  const logs = new Map<string, ServerLog>();
  /** Of the stdout of stdio servers. */
  const limiters = new Map<string, OutputLimiter>();
  const notes = new Map<string, { readonly at: number; readonly left: number }>();
  bus.subscribe((event) => {
    if (event.kind === 'server-changed') logs.get(event.server)?.resize(event.spec.logs);
  });

  function logOf({ name, logs: policy }: ServerSpec): ServerLog {
    const known = logs.get(name);
    if (known !== undefined) return known;
    const log = openServerLog({
      path: join(paths.serverLogs, `${name}.log`),
      policy,
      clock,
      scrub: (text, isCut) => redactor.scrub(text, isCut),
      onTrouble: (error) => onTrouble(name, error),
    });
    logs.set(name, log);
    return log;
  }

  function limitsFor(server: string, log: ServerLog, stream: 'stdout' | 'stderr'): CaptureOptions {
    return {
      clock,
      onLine: (line, dropped) => log.write(stream, line, dropped),
      onDropped(lines, bytes) {
        log.note(`${lines} lines (${bytes} bytes) of ${stream} came too fast and were dropped`);
        bus.publish({ kind: 'log-dropped', server, lines, bytes });
      },
    };
  }

  return {
    capture(spec, run, child, { isRead } = { isRead: false }) {
      const server = spec.name;
      const log = logOf(spec);
      log.noteStart(`run ${run} started as pid ${child.pid}`);
      const limits = (stream: 'stdout' | 'stderr'): CaptureOptions => limitsFor(server, log, stream);
      if (!isRead) captureOutput(child.stderr, limits('stderr'));
      if (spec.transport !== 'stdio') {
        captureOutput(child.stdout, limits('stdout'));
        return;
      }
      // It carries the answers: the connection reads it, and hands over what else it finds.
      const limiter = createOutputLimiter(limits('stdout'));
      limiters.set(server, limiter);
      child.stdout.once('close', () => limiter.end());
    },
    captureBeside(spec, what, child) {
      const log = logOf(spec);
      log.note(`${what} started as pid ${child.pid}`);
      captureOutput(child.stderr, limitsFor(spec.name, log, 'stderr'));
      const limiter = createOutputLimiter(limitsFor(spec.name, log, 'stdout'));
      child.stdout.once('close', () => limiter.end());
      return (bytes) => limiter.take(bytes);
    },
    noise: (server, bytes) => limiters.get(server)?.take(bytes),
    note(server, text) {
      const { at, left } = notes.get(server) ?? { at: -Infinity, left: 0 };
      const now = clock.monotonic();
      const isDue = now - at >= NOTE_INTERVAL;
      notes.set(server, isDue ? { at: now, left: 0 } : { at, left: left + 1 });
      if (isDue) logs.get(server)?.note(left === 0 ? text : `${text} (and ${left} times something like it)`);
    },
    lastLines: (server) => logs.get(server)?.lastLines() ?? [],
    latestLine: (server) => logs.get(server)?.latestLine() ?? null,
    async forget(server) {
      const known = logs.get(server);
      logs.delete(server);
      limiters.delete(server);
      notes.delete(server);
      await known?.close();
    },
    flushSync: () => logs.forEach((log) => log.flushSync()),
    async close() {
      await Promise.all([...logs.values()].map((log) => log.close()));
    },
  };
}
