// Hash of label sets as Prometheus 3 computes it: XXH64 of all names and values, each after its length.
import type { Labels } from '../model/labels.ts';
import { memoize } from '../model/memoize.ts';

const [P1, P2, P3, P4, P5] = [
  0x9e_37_79_b1_85_eb_ca_87n,
  0xc2_b2_ae_3d_27_d4_eb_4fn,
  0x16_56_67_b1_9e_37_79_f9n,
  0x85_eb_ca_77_c2_b2_ae_63n,
  0x27_d4_eb_2f_16_56_67_c5n,
] as const;

/** Place of a label set from 0 up to 1, the same in each evaluation and in Prometheus: by it `limit_ratio` picks. */
export const hashShare = memoize(
  (labels: Labels): number => Number(xxh64(bytesOf(labels))) / Number(2n ** 64n - 1n),
);

function bytesOf(labels: Labels): Uint8Array {
  const encoder = new TextEncoder();
  const parts = Object.keys(labels)
    .filter((name) => labels[name] !== '')
    .sort()
    .flatMap((name) => [name, labels[name] ?? ''])
    .flatMap((text) => {
      const bytes = encoder.encode(text);
      return [...sizeOf(bytes.length), ...bytes];
    });
  return Uint8Array.from(parts);
}

/** One byte, or three after a mark. */
function sizeOf(length: number): number[] {
  return length < 255 ? [length] : [255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff];
}

/** XXH64 with the seed 0. */
function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let at = 0;
  let hash: bigint = P5;
  if (length >= 32) {
    const lanes = [P1 + P2, P2, 0n, -P1];
    for (; at + 32 <= length; at += 32)
      for (let lane = 0; lane < 4; lane += 1)
        lanes[lane] = round(lanes[lane] ?? 0n, view.getBigUint64(at + 8 * lane, true));
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    hash = rotated(a, 1n) + rotated(b, 7n) + rotated(c, 12n) + rotated(d, 18n);
    for (const lane of lanes) hash = cut((hash ^ round(0n, lane)) * P1 + P4);
  }
  hash = cut(hash + BigInt(length));
  for (; at + 8 <= length; at += 8)
    hash = cut(rotated(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  if (at + 4 <= length) {
    hash = cut(rotated(hash ^ cut(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < length; at += 1) hash = cut(rotated(hash ^ cut(BigInt(view.getUint8(at)) * P5), 11n) * P1);
  hash = cut((hash ^ (hash >> 33n)) * P2);
  hash = cut((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return cut(rotated(cut(lane + input * P2), 31n) * P1);
}

function rotated(value: bigint, by: bigint): bigint {
  return cut(value << by) | (cut(value) >> (64n - by));
}

function cut(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
