// The one connection to each stdio server's process, opened here and shared by all who talk to the server.
import type { ObservedProcess, ProcessListener, ProcessObserver } from '../../supervisor/runner.ts';
import { openConnection, type Connection } from '../../wire/connection.ts';
import type { ServerOutputs } from './server-output.ts';

interface ConnectedProcess extends ObservedProcess {
  /** Null for a server that is not spoken to over its pipes. */
  readonly connection: Connection | null;
}

/** Somebody who talks to servers, such as the prober. */
export interface ConnectionUser {
  onSpawn(process: ConnectedProcess): ProcessListener;
}

export interface SharedConnectionParts {
  /** Our own version, told to servers. */
  readonly version: string;
  readonly outputs: Pick<ServerOutputs, 'noise'>;
}

/** Makes the observer that opens the connection, tells `users` of it in this order, and closes it after they have left. */
export function connectionSharedBy(
  users: readonly ConnectionUser[],
  parts: SharedConnectionParts,
): ProcessObserver {
  return {
    onSpawn(process) {
      const connection = connect(process, parts);
      const listeners = users.map((user) => user.onSpawn({ ...process, connection }));
      return {
        onReady: () => listeners.forEach((each) => each.onReady?.()),
        onLeaving() {
          for (const each of listeners) each.onLeaving?.();
          connection?.close();
        },
        onGone: () => listeners.forEach((each) => each.onGone?.()),
      };
    },
  };
}

function connect(
  { spec, run, child }: ObservedProcess,
  { version, outputs }: SharedConnectionParts,
): Connection | null {
  const { stdin, stdout } = child;
  if (stdin === null) return null;
  const onNonProtocolLine = (line: string): void => outputs.noise(spec.name, line);
  return openConnection({ stdin, stdout }, { run, version, onNonProtocolLine });
}
