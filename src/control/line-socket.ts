// Line framing of a control connection, with a longest line.
import type { Socket } from 'node:net';
import { createLineSplitter } from '../system/files/line-splitter.ts';

export interface LineSocketOptions {
  /** Longest line read; a longer one ends the connection after `onOverflow`. */
  readonly maxBytes: number;
  readonly onLine: (line: string) => void;
  readonly onOverflow: () => void;
}

/** Reads `socket` line by line; empty lines are skipped. */
export function readLines(socket: Socket, { maxBytes, onLine, onOverflow }: LineSocketOptions): void {
  let overflown = false;
  let pending = 0;

  function overflow(): void {
    if (overflown) return;
    overflown = true;
    onOverflow();
  }

  const splitter = createLineSplitter({
    maxBytes,
    onLine: (line, dropped) => {
      if (dropped > 0) overflow();
      else if (!overflown && line !== '') onLine(line);
    },
  });

  socket.on('data', (chunk: Buffer) => {
    if (overflown) return;
    splitter.push(chunk);
    // A line without an end would never reach the splitter's callback.
    const newline = chunk.lastIndexOf('\n');
    pending = newline === -1 ? pending + chunk.length : chunk.length - newline - 1;
    if (pending > maxBytes) overflow();
  });
}

export function writeLine(socket: Socket, message: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
