// Connection to a stdio server: sole reader of its stdout and sole writer of its stdin, shared by all who talk to it.
import type { Readable, Writable } from 'node:stream';
import { createByteBudget, type ByteBudget } from '../system/files/byte-collector.ts';
import { readInSlices } from '../system/files/read-in-slices.ts';
import { failed, type Call } from './call.ts';
import { FRAMING_FAULTS, createFramingDetector, type FramingFault } from './framing.ts';
import { createStdioHandshake, type HandshakeResult, type PeerInfo } from './handshake.ts';
import { SERVER_BUDGET } from './message-limits.ts';
import { createOutbox } from './outbox.ts';
import { Peer, type Subscriber } from './peer.ts';
import { createStdoutReader } from './stdout-reader.ts';

/** Our ends of a server's pipes. */
export interface Pipe {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

export interface ConnectionOptions {
  /** Number of the process, part of every request id. */
  readonly run: number;
  /** Our own version, told to the server. */
  readonly version: string;
  /** What the server may ask of clients; nothing by default. */
  readonly capabilities?: readonly string[];
  /** Called with what stands on stdout and is no message, newlines included: it belongs into the server's log. */
  readonly onNonProtocolOutput: (bytes: Buffer) => void;
  /** Called with a sentence about each message that is too long, too deep or of too many values: it was not read. */
  readonly onRefused?: (sentence: string) => void;
  /** Called when an answer came as no client can read it; its request has failed. */
  readonly onFramingFault?: (fault: FramingFault) => void;
}

export interface Connection {
  /** What the server told in the handshake; null until it is done. */
  readonly peer: PeerInfo | null;
  /**
   * Does the handshake, once a process: whoever calls during it waits for the same one, whoever calls later gets its
   * result. Only a server that refused is asked again.
   */
  connect(signal: AbortSignal): Promise<HandshakeResult>;
  /** Sends a request, ahead of `send()`. Several users may do so at a time; each gets its own response. */
  readonly request: Call;
  /** Sends one JSON-RPC message as it is; false when it was not taken: the server does not read, or has ended. */
  send(message: string): boolean;
  /** Adds somebody who hears the server's notifications and requests; the returned function removes them. */
  subscribe(subscriber: Subscriber): () => void;
  /** What may wait for, from and because of this server, together: the users' own queues count against it too. */
  readonly budget: ByteBudget;
  /** Fails all requests; what the server still prints is read on, so that it is not blocked while it stops. */
  close(): void;
  readonly isClosed: boolean;
  /**
   * Adds somebody who sends calls of clients: `oldest` returns when the oldest without an answer was sent, ms of the
   * monotonic clock, null for none. A server that works off a call may have no time for a probe.
   */
  trackCalls(oldest: () => number | null): () => void;
  /** When the oldest call without an answer was sent; null for none. */
  readonly oldestCall: number | null;
  readonly counters: ConnectionCounters;
}

interface ConnectionCounters {
  /** Responses that nobody waits for. */
  readonly unmatchedResponses: number;
  /** Answers under an id that nobody asked with, or asked with and had its answer. */
  readonly answersAstray: number;
  /** Lines on stdout that are no messages. */
  readonly nonProtocolLines: number;
  /** Messages from the server, but for the responses that our requests waited for. */
  readonly messages: number;
}

/** Opens the connection over a server's pipe. Nothing else may read its stdout or write to its stdin. */
export function openConnection({ stdin, stdout }: Pipe, options: ConnectionOptions): Connection {
  const { run, version, onNonProtocolOutput, onRefused, onFramingFault } = options;
  const idPrefix = `wd:${run}:`;
  const callSources = new Set<() => number | null>();
  let nonProtocolLines = 0;
  const budget = createByteBudget(SERVER_BUDGET);
  const outbox = createOutbox(stdin, budget);
  const peer = new Peer({
    idPrefix,
    send: (message, lane) => outbox.send(message, lane),
    ...(onRefused === undefined ? {} : { onRefused }),
  });
  const handshake = createStdioHandshake({
    version,
    capabilities: options.capabilities ?? [],
    request: (method, params, signal) => peer.request(method, params, signal),
    notify: (method) => peer.notify(method),
    onSuccess: (info) => peer.announce(info),
  });

  const framing = createFramingDetector({
    idPrefix,
    onAnswer(id, fault) {
      if (peer.fail(id, failed('protocol', `The server ${FRAMING_FAULTS[fault]}`))) onFramingFault?.(fault);
    },
  });

  const reader = createStdoutReader({
    budget,
    onMessage: (message) => peer.receive(message),
    onShortMessage: (text) => peer.receiveShort(text),
    onOutput: onNonProtocolOutput,
    onOutputLine(line) {
      nonProtocolLines += 1;
      if (line !== null) framing.takeLine(line);
    },
    wantsLines: () => peer.isWaiting,
  });
  readInSlices(stdout, (chunk) => {
    // Before the lines of the chunk: what a header is for is clear only while its request waits.
    if (peer.isWaiting) framing.takeChunk(chunk);
    reader.take(chunk);
  });
  stdout.once('end', () => reader.end());
  watchEnd({ stdin, stdout }, (detail) => peer.end(failed('closed', detail)));
  return {
    get peer() {
      return handshake.peer;
    },
    connect: (signal) => handshake.connect(signal),
    request: (method, params, signal) => peer.request(method, params, signal),
    send: (message) => peer.send(message),
    subscribe: (subscriber) => peer.subscribe(subscriber),
    budget,
    close: () => peer.end(failed('closed', 'The watchdog let go of the server')),
    trackCalls(oldest) {
      callSources.add(oldest);
      return () => void callSources.delete(oldest);
    },
    get oldestCall() {
      const times = [...callSources].map((oldest) => oldest()).filter((at) => at !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
    get isClosed() {
      return peer.isEnded;
    },
    get counters() {
      const { unmatchedResponses, answersAstray, received: messages } = peer;
      return { unmatchedResponses, answersAstray, nonProtocolLines, messages };
    },
  };
}

function watchEnd({ stdin, stdout }: Pipe, onEnd: (detail: string) => void): void {
  stdout.once('end', () => onEnd('The server closed its output'));
  stdout.once('close', () => onEnd('The server closed its output'));
  // Who died shows as `exit` at the supervisor; here it only means that no response will come.
  stdout.on('error', () => onEnd('The pipe from the server broke'));
  stdin.on('error', () => onEnd('The server closed its input'));
}
