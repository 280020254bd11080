// Outbox of a pipe: messages wait here while the server does not read, bounded in number and bytes, requests of ours first.
import type { Writable } from 'node:stream';
import type { ByteBudget } from '../system/files/byte-collector.ts';

/** `first` goes out before everything in `second`; each has bounds of its own, so that neither can crowd out the other. */
export type Lane = 'first' | 'second';

/** `full`: the server does not read. `closed`: it never will. */
export type SendResult = QueuedMessage | 'full' | 'closed';

interface QueuedMessage {
  /** Takes the message back; false when the pipe has it already. */
  withdraw(): boolean;
}

export interface Outbox {
  /** Takes one message, without its newline. What was not taken is never sent. */
  send(message: string, lane: Lane): SendResult;
}

const MAX_WAITING_MESSAGES = 1_000;
/** Of each lane: our own requests and answers are short, a client's message may be as long as any. */
const MAX_WAITING_BYTES: Readonly<Record<Lane, number>> = { first: 1024 * 1024, second: 16 * 1024 * 1024 };

const BOUNDLESS: ByteBudget = { take: () => true, give: () => undefined };

/** Lines of one turn that wait for its end at most, characters: no more than the pipe takes at once. */
const MAX_TOGETHER = 16 * 1024;

const WRITTEN: QueuedMessage = { withdraw: () => false };

/**
 * Writes messages as lines. Written into a full pipe they would pile up in Node's own buffer, which has no bound.
 *
 * @param budget of the server, against which the second lane counts; the first has room whatever the others hold
 */
export function createOutbox(stdin: Writable, budget: ByteBudget = BOUNDLESS): Outbox {
  const lanes = {
    first: createLane(MAX_WAITING_BYTES.first, BOUNDLESS),
    second: createLane(MAX_WAITING_BYTES.second, budget),
  };

  /** Lines of the second lane that go out together at the end of this turn. */
  let together = '';

  const isClosed = (): boolean => stdin.destroyed || stdin.writableEnded;
  const mayWrite = (): boolean => !isClosed() && !stdin.writableNeedDrain;

  function flush(): void {
    writeTogether();
    while (mayWrite()) {
      const message = lanes.first.shift() ?? lanes.second.shift();
      if (message === undefined) return;
      stdin.write(`${message}\n`);
    }
  }

  function writeTogether(): void {
    if (together === '') return;
    const lines = together;
    together = '';
    if (!isClosed()) stdin.write(lines);
  }

  /** Each write wakes the server: what many clients say in one turn is one write, and one reading. */
  function writeSoon(line: string): void {
    if (together === '') setImmediate(writeTogether);
    together += line;
    if (together.length >= MAX_TOGETHER) writeTogether();
  }

  stdin.on('drain', flush);
  stdin.once('close', () => {
    lanes.first.clear();
    lanes.second.clear();
  });
  return {
    send(message, lane) {
      if (isClosed()) return 'closed';
      // After each flush a lane holds something only while the pipe is full: nothing can be overtaken here.
      if (!mayWrite()) return lanes[lane].add(message) ?? 'full';
      if (lane === 'first') stdin.write(`${message}\n`);
      else writeSoon(`${message}\n`);
      return WRITTEN;
    },
  };
}

interface MessageLane {
  /** Null when the message would go beyond a bound. */
  add(message: string): QueuedMessage | null;
  shift(): string | undefined;
  clear(): void;
}

function createLane(maxBytes: number, budget: ByteBudget): MessageLane {
  const waiting = new Map<QueuedMessage, { readonly message: string; readonly bytes: number }>();
  let waitingBytes = 0;

  function remove(queued: QueuedMessage): string | undefined {
    const found = waiting.get(queued);
    if (found === undefined) return undefined;
    waiting.delete(queued);
    waitingBytes -= found.bytes;
    budget.give(found.bytes);
    return found.message;
  }

  return {
    add(message) {
      const bytes = Buffer.byteLength(message);
      if (waiting.size >= MAX_WAITING_MESSAGES || waitingBytes + bytes > maxBytes) return null;
      if (!budget.take(bytes)) return null;
      const queued: QueuedMessage = { withdraw: () => remove(queued) !== undefined };
      waiting.set(queued, { message, bytes });
      waitingBytes += bytes;
      return queued;
    },
    shift() {
      const [next] = waiting.keys();
      return next === undefined ? undefined : remove(next);
    },
    clear() {
      waiting.clear();
      budget.give(waitingBytes);
      waitingBytes = 0;
    },
  };
}
