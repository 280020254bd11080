// Snapshot of the history as bytes: a header with a checksum, the labels as JSON, then times and changes as they are in memory.
import { crc32 } from 'node:zlib';
import { isObject, parseJson } from '../core/base/guards.ts';
import type { Labels } from '../promql/model/labels.ts';
import { LARGEST_TICK } from './store/change-arena.ts';
import type { StoreDump } from './store/history-store.ts';

const MAGIC = 'MCPWHIST';
const VERSION = 1;
/** Magic, version, checksum of what follows, length of the JSON. */
const HEADER = 24;

/** JSON part: labels as a flat list of names and values. */
interface Directory {
  readonly firstTick: number;
  readonly droppedUntil: number | null;
  readonly times: number;
  readonly series: readonly (readonly [count: number, ...labels: string[]])[];
}

export function encodeSnapshot({ firstTick, droppedUntil, times, series, ticks, values }: StoreDump): Buffer {
  const directory: Directory = {
    firstTick,
    droppedUntil,
    times: times.length,
    series: series.map(({ labels, count }) => [count, ...Object.entries(labels).flat()]),
  };
  const json = Buffer.from(JSON.stringify(directory));
  const header = Buffer.alloc(HEADER);
  const body = Buffer.concat([json, padding(json.length), bytesOf(times), bytesOf(values), bytesOf(ticks)]);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(crc32(body), 12);
  header.writeUInt32LE(json.length, 16);
  return Buffer.concat([header, body]);
}

/** Reads a snapshot; a text that says what is wrong with it otherwise. */
export function decodeSnapshot(bytes: Buffer): StoreDump | string {
  if (bytes.length < HEADER || bytes.toString('latin1', 0, 8) !== MAGIC) return 'it is no snapshot';
  if (bytes.readUInt32LE(8) !== VERSION) return `its format is ${bytes.readUInt32LE(8)}, not ${VERSION}`;
  const body = bytes.subarray(HEADER);
  if (crc32(body) !== bytes.readUInt32LE(12)) return 'its checksum is wrong';
  const length = bytes.readUInt32LE(16);
  const directory = parseJson(body.toString('utf8', 0, length));
  if (!isDirectory(directory)) return 'its directory cannot be read';
  const series = directory.series.map(([count, ...labels]) => ({ count, labels: labelsIn(labels) }));
  const total = series.reduce((sum, { count }) => sum + count, 0);
  const start = length + padding(length).length;
  if (body.length !== start + 8 * directory.times + 12 * total) return 'its length is wrong';
  // Copies: typed arrays need their start at a multiple of their size, and the file's bytes can go.
  const numbers = (from: number, count: number, size: number): ArrayBuffer =>
    Uint8Array.from(body.subarray(from, from + count * size)).buffer;
  const values = start + 8 * directory.times;
  return {
    firstTick: directory.firstTick,
    droppedUntil: directory.droppedUntil,
    series,
    times: new Float64Array(numbers(start, directory.times, 8)),
    values: new Float64Array(numbers(values, total, 8)),
    ticks: new Uint32Array(numbers(values + 8 * total, total, 4)),
  };
}

function bytesOf(list: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(list.buffer, list.byteOffset, list.byteLength);
}

function padding(length: number): Buffer {
  return Buffer.alloc((8 - (length % 8)) % 8, ' ');
}

function labelsIn(flat: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) labels[flat[index] ?? ''] = flat[index + 1] ?? '';
  return labels;
}

function isDirectory(value: unknown): value is Directory {
  if (!isObject(value)) return false;
  const { firstTick, droppedUntil, times, series } = value;
  return (
    isCount(firstTick) &&
    (droppedUntil === null || typeof droppedUntil === 'number') &&
    isCount(times) &&
    Array.isArray(series) &&
    series.every(isSeries)
  );
}

function isSeries(value: unknown): boolean {
  if (!Array.isArray(value) || value.length % 2 === 0) return false;
  const [count, ...labels]: readonly unknown[] = value;
  return isCount(count) && labels.every((text) => typeof text === 'string');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST_TICK;
}
