// The one connection to each stdio server's process, opened here and shared by all who talk to the server.
import type { Bus } from '../../system/bus.ts';
import { FRAMING_FAULTS } from '../../wire/framing.ts';
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
  readonly outputs: Pick<ServerOutputs, 'noise' | 'note'>;
  /** Hears how the server uses its stdout otherwise than for messages. */
  readonly bus: Pick<Bus, 'publish'>;
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
  { version, outputs, bus }: SharedConnectionParts,
): Connection | null {
  const { stdin, stdout } = child;
  if (stdin === null) return null;
  const server = spec.name;
  let known: 'stdout_text' | 'framing' | null = null;
  const remark = (condition: 'stdout_text' | 'framing', message: string | null): void =>
    bus.publish({ kind: 'condition', server, condition, message });
  return openConnection(
    { stdin, stdout },
    {
      run,
      version,
      capabilities: spec.gateway.capabilities,
      onNonProtocolOutput(bytes) {
        outputs.noise(server, bytes);
        if (known !== null || bytes.toString('latin1').trim() === '') return;
        known = 'stdout_text';
        remark('stdout_text', STDOUT_TEXT);
      },
      onRefused: (sentence) => outputs.note(server, sentence),
      onFramingFault(fault) {
        // What looked like text were pieces of messages.
        if (known === 'stdout_text') remark('stdout_text', null);
        known = 'framing';
        remark('framing', FRAMING_FAULTS[fault]);
      },
    },
  );
}

/** The classic fault of stdio servers. Clients skip such lines, or end the connection. */
const STDOUT_TEXT =
  'prints text to stdout, where only messages belong, so that some clients give it up: log to stderr';
