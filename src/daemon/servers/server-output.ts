// Output of all servers: captured into one redacted, bounded log each; stdout of a stdio server goes to its connection.
import { join } from 'node:path';
import type { ServerSpec } from '../../core/model/server-spec.ts';
import type { Redactor } from '../../core/base/text.ts';
import { captureOutput } from '../../logs/capture-output.ts';
import { openServerLog, type ServerLog } from '../../logs/server-log.ts';
import type { Bus } from '../../system/bus.ts';
import type { Clock } from '../../system/time/clock.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { SpawnedProcess } from '../../system/process/spawn.ts';

export interface ServerOutputs {
  /** Reads what a new process prints until its pipes end. */
  capture(spec: ServerSpec, run: number, child: SpawnedProcess): void;
  /** Logs a line on a stdio server's stdout that is not a protocol message. */
  noise(server: string, line: string): void;
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

export function createServerOutputs({
  clock,
  bus,
  paths,
  redactor,
  onTrouble,
}: ServerOutputsOptions): ServerOutputs {
  const logs = new Map<string, ServerLog>();
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

  return {
    capture(spec, run, child) {
      const server = spec.name;
      const log = logOf(spec);
      log.noteStart(`run ${run} started as pid ${child.pid}`);
      const read = (stream: 'stdout' | 'stderr') =>
        captureOutput(child[stream], {
          clock,
          onLine: (line, dropped) => log.write(stream, line, dropped),
          onDropped(lines, bytes) {
            log.note(`${lines} lines (${bytes} bytes) of ${stream} came too fast and were dropped`);
            bus.publish({ kind: 'log-dropped', server, lines, bytes });
          },
        });
      // The stdout of a stdio server carries its answers: the connection reads it and hands over the other lines.
      read('stderr');
      if (spec.transport !== 'stdio') read('stdout');
    },
    noise: (server, line) => logs.get(server)?.write('stdout', line),
    lastLines: (server) => logs.get(server)?.lastLines() ?? [],
    latestLine: (server) => logs.get(server)?.latestLine() ?? null,
    async forget(server) {
      const known = logs.get(server);
      logs.delete(server);
      await known?.close();
    },
    flushSync: () => logs.forEach((log) => log.flushSync()),
    async close() {
      await Promise.all([...logs.values()].map((log) => log.close()));
    },
  };
}
