// The one connection to each stdio server's process, opened here and shared by all who talk to the server.
import type { Bus } from '../../system/bus.ts';
import { FRAMING_FAULTS } from '../../wire/framing.ts';
import type { ObservedProcess, ProcessListener, ProcessObserver } from '../../supervisor/runner.ts';
import type { SpawnedProcess } from '../../system/process/spawn.ts';
import type { Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import { openConnection, type Connection } from '../../wire/connection.ts';
import type { ServerOutputs } from './server-output.ts';

interface ConnectedProcess extends ObservedProcess {
  /** Null for a server that is not spoken to over its pipes. */
  readonly connection: Connection | null;
}

/** Somebody who talks to servers, such as the prober. */
export interface ConnectionUser {
  /** True for who goes on at once with a process that takes the place of one that died, before its run begins. */
  readonly isEarly?: boolean;
  onSpawn(process: ConnectedProcess): ProcessListener;
}

export interface SharedConnectionParts {
  /** Our own version, told to servers. */
  readonly version: string;
  readonly clock: Pick<Clock, 'after'>;
  readonly outputs: Pick<ServerOutputs, 'noise' | 'note'>;
  /** Hears how the server uses its stdout otherwise than for messages. */
  readonly bus: Pick<Bus, 'publish'>;
}

/** How long the last answers of a process that died may delay the one in its place, ms. */
const LAST_ANSWERS = 10;

/** How long the calls that waited may take to be answered, ms. */
const FIRST_ANSWERS = 25;

/** A process that took another's place before its run began. */
interface Early {
  readonly connection: Connection | null;
  /** Tells who goes on at once; later calls return the same. */
  tell(): ReadonlyMap<ConnectionUser, ProcessListener>;
}

/** Makes the observer that opens the connection, tells `users` of it in this order, and closes it after they have left. */
export function connectionSharedBy(
  users: readonly ConnectionUser[],
  parts: SharedConnectionParts,
): ProcessObserver {
  const early = new WeakMap<SpawnedProcess, Early>();

  /** The handshake begins at once; clients go on when the answers of the dead process are read. */
  async function replace(dead: SpawnedProcess, by: ObservedProcess): Promise<void> {
    const connection = connect(by, parts);
    let told: ReadonlyMap<ConnectionUser, ProcessListener> | null = null;
    const tell = (): ReadonlyMap<ConnectionUser, ProcessListener> =>
      (told ??= new Map(
        users.filter(({ isEarly }) => isEarly).map((user) => [user, user.onSpawn({ ...by, connection })]),
      ));
    early.set(by.child, { connection, tell });
    const greeted = connection?.connect(NEVER);
    const cancel = parts.clock.after(LAST_ANSWERS, tell);
    void dead.drained.then(tell).then(cancel);
    await greeted;
    await pause(parts.clock, FIRST_ANSWERS);
  }

  return {
    onSpawn(process) {
      const known = early.get(process.child);
      const connection = known === undefined ? connect(process, parts) : known.connection;
      const told = known?.tell();
      const listeners = users.map((user) => told?.get(user) ?? user.onSpawn({ ...process, connection }));
      return {
        onReady: () => listeners.forEach((each) => each.onReady?.()),
        onReplaced: (by) => replace(process.child, by),
        onLeaving() {
          for (const each of listeners) each.onLeaving?.();
          connection?.close();
        },
        onGone: () => listeners.forEach((each) => each.onGone?.()),
      };
    },
  };
}

const NEVER = new AbortController().signal;

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
