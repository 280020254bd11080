// Connection to a stdio server: sole reader of its stdout and sole writer of its stdin, shared by all who talk to it.
import type { Readable, Writable } from 'node:stream';
import type { JsonObject } from '../core/base/json-rpc.ts';
import { createLineSplitter } from '../system/files/line-splitter.ts';
import { Peer } from './peer.ts';
import { failed, type Call } from './call.ts';

/** Our ends of a server's pipes. */
export interface Pipe {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

export interface ConnectionOptions {
  /** Number of the process, part of every request id. */
  readonly run: number;
  /** Called with each line on stdout that is no message: it belongs into the server's log. */
  readonly onNonProtocolLine: (line: string) => void;
}

export interface Connection {
  /** Sends a request. Several users may do so at a time; each gets its own response. */
  readonly request: Call;
  notify(method: string, params?: JsonObject): void;
  /** Fails all requests; what the server still prints is read on, so that it is not blocked while it stops. */
  close(): void;
  readonly isClosed: boolean;
  readonly counters: ConnectionCounters;
}

interface ConnectionCounters {
  /** Responses that nobody waits for. */
  readonly unmatchedResponses: number;
  /** Lines on stdout that are no messages. */
  readonly nonProtocolLines: number;
}

/** The longest message that is understood: a page of tools with schemas is some 100 KiB, a screenshot some MiB. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Opens the connection over a server's pipe. Nothing else may read its stdout or write to its stdin. */
export function openConnection(
  { stdin, stdout }: Pipe,
  { run, onNonProtocolLine }: ConnectionOptions,
): Connection {
  let nonProtocolLines = 0;
  const peer = new Peer({
    idPrefix: `wd:${run}:`,
    send: createOutbox(stdin),
  });
  const lines = createLineSplitter({ maxBytes: MAX_MESSAGE_BYTES, onLine: read });

  function read(line: string, dropped: number): void {
    if (line === '') return;
    if (dropped === 0 && looksLikeMessage(line) && peer.receive(line)) return;
    nonProtocolLines += 1;
    onNonProtocolLine(line);
  }

  stdout.on('data', (chunk: Buffer) => lines.push(chunk));
  stdout.once('end', () => {
    lines.end();
    peer.end(failed('closed', 'The server closed its output'));
  });
  stdout.once('close', () => peer.end(failed('closed', 'The server closed its output')));
  // Who died shows as `exit` at the supervisor; here it only means that no answer will come.
  stdout.on('error', () => peer.end(failed('closed', 'The pipe from the server broke')));
  stdin.on('error', () => peer.end(failed('closed', 'The server closed its input')));

  return {
    request: (method, params, signal) => peer.request(method, params, signal),
    notify: (method, params) => peer.notify(method, params),
    close: () => peer.end(failed('closed', 'The watchdog let go of the server')),
    get isClosed() {
      return peer.isEnded;
    },
    get counters() {
      return { unmatchedResponses: peer.unmatchedResponses, nonProtocolLines };
    },
  };
}

/** Messages beyond these are dropped while the server reads nothing at all. */
const MAX_WAITING = 1_000;

/**
 * Writes messages as lines. While the server does not read they wait here, and leave with whoever gave up on them:
 * written into a full pipe, they would pile up in our memory for as long as it is stuck.
 */
function createOutbox(stdin: Writable): (message: string, signal?: AbortSignal) => void {
  const waiting = new Set<string>();

  function flush(): void {
    for (const message of waiting) {
      if (stdin.destroyed || stdin.writableEnded || stdin.writableNeedDrain) return;
      waiting.delete(message);
      stdin.write(`${message}\n`);
    }
  }

  stdin.on('drain', flush);
  return (message, signal) => {
    if (waiting.size >= MAX_WAITING) return;
    waiting.add(message);
    flush();
    if (waiting.has(message))
      signal?.addEventListener('abort', () => waiting.delete(message), { once: true });
  };
}

// Cheaper than an exception from JSON.parse for each of the lines of a server that logs to stdout.
function looksLikeMessage(line: string): boolean {
  return /^\s*[[{]/u.test(line);
}
