// Limits of what a server may send: size, depth and number of values, by what a message is for.
import type { JsonShape } from '../core/base/json-shape.ts';
import { MAX_DEPTH } from '../core/base/json-rpc.ts';

export interface MessageLimits {
  readonly bytes: number;
  /** About the number of values: parsing costs 1 to 2 µs for each, in which nothing else happens. */
  readonly values: number;
}

const MEBIBYTE = 1024 * 1024;

/** Longest message that is read at all: a screenshot has some MiB. */
export const MAX_MESSAGE_BYTES = 16 * MEBIBYTE;

/** Most that may wait for, from and because of one server at a time, bytes. */
export const SERVER_BUDGET = 32 * MEBIBYTE;

/** Of an answer to us: a page of tools with their schemas is some 100 KiB, and some 10,000 values. */
export const OWN_ANSWER: MessageLimits = { bytes: 4 * MEBIBYTE, values: 100_000 };

/** Of an answer that is passed on to a client, unparsed. */
export const FOREIGN_ANSWER: MessageLimits = { bytes: MAX_MESSAGE_BYTES, values: 1_000_000 };

/** Of what the server sends unasked: a request to sample may hold an image. */
export const UNASKED: MessageLimits = { bytes: 4 * MEBIBYTE, values: 25_000 };

/** Of a batch, which only protocol 2025-03-26 knows. */
export const BATCH: MessageLimits = { bytes: MEBIBYTE, values: 25_000 };

/** Says in which way a message exceeds its limits, `it` being the subject; null when it does not. */
export function excessOf({ bytes, values, depth }: JsonShape, limits: MessageLimits): string | null {
  if (depth > MAX_DEPTH) return `nests deeper than ${MAX_DEPTH} levels`;
  if (bytes > limits.bytes) return tooLong(limits);
  if (values > limits.values) return `holds more than ${limits.values} values`;
  return null;
}

export function tooLong({ bytes }: MessageLimits): string {
  return `is longer than ${bytes / MEBIBYTE} MiB`;
}
