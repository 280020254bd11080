// Shim between a client's pipe and the gateway: `connect NAME`, from the first line to the exit code.
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { WatchdogError } from '../../core/base/errors.ts';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { neutralise } from '../../core/base/text.ts';
import { resolvePaths, type Paths } from '../../system/files/paths.ts';
import { createLineSplitter } from '../../system/files/line-splitter.ts';
import { systemClock, type Clock } from '../../system/time/clock.ts';
import { pause } from '../../system/time/pause.ts';
import type { Alone } from './alone.ts';
import { createBridge, type Bridge } from './bridge.ts';
import { createDialer, type Dialer, type TakeOver } from './dial.ts';
import type { ShimCall } from './shim-call.ts';

export interface ShimIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Pick<Writable, 'write'>;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Replaces the default action of the signal until the returned function is called. */
  readonly onSignal: (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void) => () => void;
}

/** Input and output of this process. */
export function processShimIo(): ShimIo {
  const { stdin, stdout, stderr } = process;
  return {
    stdin,
    stdout,
    stderr,
    clock: systemClock,
    env: process.env,
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
  };
}

const SHIM_EXIT = { done: 0, gone: 1, unknown: 2 } as const;

/** Ms for which a daemon that is gone may take to come back. */
const PATIENCE = 20_000;
/** Ms for which calls that are under way at the end of the input may still be answered: a client ends a slower one by a signal. */
const GRACE = 1000;
/** Bytes of one line. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** Lines that may wait to be sent before the client is read no further. */
const MOST_WAITING = 64;

/** Lines of a client that make it a busy one. */
const BUSY_AFTER = 64;

/**
 * Runs until the client's pipe ends.
 *
 * @param onBusy called when the client has said so much that it is worth to compile for speed
 * @returns the exit code, see `SHIM_EXIT`; after a signal 128 and its number
 */
export async function runShim(
  call: ShimCall,
  io: ShimIo,
  { onBusy = () => undefined }: { readonly onBusy?: () => void } = {},
): Promise<number> {
  const paths = resolvePaths(call.home);
  const tell = (text: string): void => void io.stderr.write(`mcp-watchdog: ${neutralise(text)}\n`);
  const { server } = call;
  let alone: Alone | null = null;
  const dialer: Dialer = createDialer({
    sockets: [gatewaySocket(paths), gatewaySocket({ run: join(paths.run, 'connect', server) })],
    clock: io.clock,
    patience: PATIENCE,
    async takeOver() {
      // A daemon that was there comes back; its servers are not for us to run.
      if (dialer.found === DAEMON) return await returning(paths);
      const { createAlone } = await import('./alone.ts');
      alone ??= createAlone({ paths, server, environment: io.env, tell });
      return await alone.takeOver();
    },
  });
  try {
    let names = await dialer.find();
    if (names === null && (await dialer.reconnect())) names = await dialer.find();
    names = await namesWith(server, names, { dialer, clock: io.clock });
    if (names === null) {
      tell(`the watchdog does not answer at ${gatewaySocket(paths)}; mcp-watchdog doctor says why`);
      return SHIM_EXIT.gone;
    }
    if (!names.includes(server)) {
      tell(unknownServerText(server, names));
      return SHIM_EXIT.unknown;
    }
    return await serve(server, { dialer, io, tell, onBusy });
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    tell(error.message);
    if (error.hint !== null) tell(`hint: ${error.hint}`);
    return error.code === 'UNKNOWN_SERVER' ? SHIM_EXIT.unknown : SHIM_EXIT.gone;
  } finally {
    dialer.close();
    await stopped(alone);
  }
}

/** Tells whether a daemon that does not serve yet, or any more, lives. */
async function returning({ socket }: Pick<Paths, 'socket'>): Promise<TakeOver> {
  const { homeHolder } = await import('../../control/fallback-place.ts');
  return homeHolder(socket) === null ? 'nobody' : 'elsewhere';
}

/** Place of the daemon's socket among those that are looked for. */
const DAEMON = 0;

// Assigned in a function that the compiler does not follow.
function stopped(alone: Alone | null): Promise<void> | undefined {
  return alone?.stop();
}

/** Ms for which a daemon that has just begun to listen may learn of its servers. */
const LEARNING = 1000;
const LOOK_EVERY = 100;

/** Looks again for a while when the server is not among the names. */
async function namesWith(
  server: string,
  names: readonly string[] | null,
  { dialer, clock }: { readonly dialer: Dialer; readonly clock: Clock },
): Promise<readonly string[] | null> {
  const until = clock.monotonic() + LEARNING;
  let found = names;
  while (found !== null && !found.includes(server) && clock.monotonic() < until) {
    await pause(clock, LOOK_EVERY);
    found = await dialer.find();
  }
  return found;
}

function gatewaySocket({ run }: Pick<Paths, 'run'>): string {
  return join(run, 'gateway.sock');
}

function unknownServerText(name: string, known: readonly string[]): string {
  const nearest = suggestSpelling(name, known);
  const cure =
    nearest !== null
      ? `did you mean ${nearest}?`
      : known.length === 0
        ? 'the gateway has no servers'
        : `it has ${known.join(', ')}`;
  return `the gateway has no server "${name}"; ${cure}`;
}

interface ServeParts {
  readonly dialer: Dialer;
  readonly io: ShimIo;
  readonly tell: (text: string) => void;
  readonly onBusy: () => void;
}

function serve(server: string, { dialer, io, tell, onBusy }: ServeParts): Promise<number> {
  const output = createOutput(io.stdout);
  return new Promise((resolve) => {
    let isEnding = false;
    const finish = (code: number, grace: number): void => {
      if (isEnding) return;
      isEnding = true;
      io.stdin.destroy();
      void leave(code, grace);
    };
    const leave = async (code: number, grace: number): Promise<void> => {
      await bridge.end(grace);
      releases.forEach((release) => release());
      resolve(code);
    };
    const bridge: Bridge = createBridge({
      server,
      clock: io.clock,
      exchange: (request) => dialer.exchange(request),
      reconnect: () => reconnect(dialer, tell),
      say: output.say,
      tell,
      onGone() {
        if (!isEnding) tell(`the watchdog is gone and did not come back within ${PATIENCE / 1000} s`);
        finish(SHIM_EXIT.gone, 0);
      },
      onOver() {
        if (!isEnding) tell('the process of this session has ended, and its state with it');
        finish(SHIM_EXIT.gone, GRACE);
      },
    });
    const releases = [
      io.onSignal('SIGTERM', () => finish(143, 0)),
      io.onSignal('SIGINT', () => finish(130, 0)),
      io.onSignal('SIGHUP', () => finish(129, 0)),
    ];
    // A client that reads no more is gone.
    io.stdout.on('error', () => finish(SHIM_EXIT.done, 0));
    readLines(io.stdin, bridge, { tell, onBusy, onEnd: () => finish(SHIM_EXIT.done, GRACE) });
  });
}

/** A server that cannot be started here is told; whoever waits for it learns that nobody came back. */
async function reconnect(dialer: Dialer, tell: (text: string) => void): Promise<boolean> {
  try {
    return await dialer.reconnect();
  } catch (error) {
    if (!(error instanceof WatchdogError)) throw error;
    tell(error.message);
    return false;
  }
}

interface Reading {
  readonly tell: (text: string) => void;
  readonly onBusy: () => void;
  readonly onEnd: () => void;
}

function readLines(stdin: Readable, bridge: Bridge, { tell, onBusy, onEnd }: Reading): void {
  let count = 0;
  let waiting = 0;
  const lines = createLineSplitter({
    maxBytes: LONGEST_LINE,
    onLine(line, dropped) {
      if (dropped > 0) return tell(`a line of more than ${LONGEST_LINE / 1024 ** 2} MiB was not sent`);
      if ((count += 1) === BUSY_AFTER) onBusy();
      if ((waiting += 1) > MOST_WAITING) stdin.pause();
      void bridge.take(line).finally(() => {
        if ((waiting -= 1) <= MOST_WAITING) stdin.resume();
      });
    },
  });
  stdin.on('data', (chunk: Buffer) => lines.push(chunk));
  stdin.once('end', () => {
    lines.end();
    onEnd();
  });
  stdin.once('error', onEnd);
}

function createOutput(stdout: Writable): { readonly say: (line: string) => Promise<void> | undefined } {
  let full: Promise<void> | null = null;
  return {
    say(line) {
      if (stdout.write(`${line}\n`)) return undefined;
      full ??= new Promise((resolve) => {
        stdout.once('drain', () => {
          full = null;
          resolve();
        });
      });
      return full;
    },
  };
}
