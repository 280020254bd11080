// Lines out of bytes: any cut of the stream gives the same lines, and no line costs more than its bound.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../../src/system/files/line-splitter.ts';

function split(chunks: Iterable<Buffer>, maxBytes = 1024): { line: string; dropped: number }[] {
  const lines: { line: string; dropped: number }[] = [];
  const splitter = createLineSplitter({ maxBytes, onLine: (line, dropped) => lines.push({ line, dropped }) });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

const textsOf = (...chunks: (string | Buffer)[]): string[] =>
  split(chunks.map((chunk) => Buffer.from(chunk))).map(({ line }) => line);

describe('createLineSplitter()', () => {
  it.each([
    ['whole lines', ['a\nb\n'], ['a', 'b']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['a line over many chunks', ['a', 'b', 'c\nd', 'e\n'], ['abc', 'de']],
    ['Windows line ends, cut in two as well', ['a\r\nb\r', '\nc\rd\n'], ['a', 'b', 'c\rd']],
    ['a last line without a newline', ['a\nb'], ['a', 'b']],
    ['nothing', [''], []],
  ])('gives out %s', (_name, chunks, expected) => {
    expect(textsOf(...chunks)).toEqual(expected);
  });

  it('puts a character together that two chunks cut', () => {
    const bytes = Buffer.from('é😀\n');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(split([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual([{ line: 'é😀', dropped: 0 }]);
    }
  });

  it('shows invalid UTF-8 as replacement characters', () => {
    expect(textsOf(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0x0a]))).toEqual(['a\uFFFD\uFFFD(']);
  });

  it('keeps the beginning of an overlong line, counts the rest, and reads on', () => {
    expect(split([Buffer.from('12345678'), Buffer.from('90\nnext\n')], 4)).toEqual([
      { line: '1234', dropped: 6 },
      { line: 'next', dropped: 0 },
    ]);
  });

  it('never ends a cut line with half a character', () => {
    expect(split([Buffer.from('aé\n')], 2)).toEqual([{ line: 'a', dropped: 1 }]);
  });

  it('gives the same lines however the bytes are cut', () => {
    const pieces = fc.array(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => bytes.map((byte) => (byte < 60 ? 10 : byte))),
    );
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 16 }), (chunks, maxBytes) => {
        const buffers = chunks.map((chunk) => Buffer.from(chunk));
        const bytewise = Array.from(Buffer.concat(buffers), (byte) => Buffer.from([byte]));
        expect(split(buffers, maxBytes)).toEqual(split([Buffer.concat(buffers)], maxBytes));
        expect(split(bytewise, maxBytes)).toEqual(split([Buffer.concat(buffers)], maxBytes));
      }),
    );
  });

  it('holds one bounded line of a line of 100 MB', () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const lines = split(
      Array.from({ length: 1600 }, () => chunk),
      16 * 1024,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]?.line).toHaveLength(16 * 1024);
    expect(lines[0]?.dropped).toBe(1600 * 64 * 1024 - 16 * 1024);
  });

  it('takes time in proportion to a line that dribbles in byte by byte', () => {
    const byte = Buffer.from('x');
    const start = performance.now();
    const lines = split(
      Array.from({ length: 300_000 }, () => byte),
      1024 * 1024,
    );
    expect(lines[0]?.line).toHaveLength(300_000);
    expect(performance.now() - start).toBeLessThan(3000);
  });
});
