// Span, size, rate and time texts.
import { describe, expect, it } from 'vitest';
import { ago, cpu, latency, length, size, span, uptime } from '../../../src/core/base/format.ts';

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

describe('words for people', () => {
  it.each([
    [0, '0 ms', '0s'],
    [999, '999 ms', '0s'],
    [59 * S + 999, '59 s', '59s'],
    [M, '1 min', '1m 00s'],
    [H - 1, '59 min', '59m 59s'],
    [5 * H + 7 * M, '5 h', '5h 07m'],
    [47 * H, '47 h', '1d 23h'],
    [12 * D + 4 * H, '12 d', '12d 4h'],
    [-5, '0 ms', '0s'],
  ])('%i ms is a span of %s and an uptime of %s', (ms, asSpan, asUptime) => {
    expect([span(ms), uptime(ms)]).toEqual([asSpan, asUptime]);
  });

  it.each([
    [-5, '0 ms'],
    [850, '850 ms'],
    [S + 400, '1 s'],
    [59 * S + 700, '1 min'],
    [3 * M + 40 * S, '4 min'],
    [H - 1, '1 h'],
    [2 * H - 2 * S, '2 h'],
    [2 * H + 2 * S, '2 h'],
    [H + 20 * M, '1 h 20 min'],
    [D - 1, '1 d'],
    [3 * D + 4 * H - 1, '3 d 4 h'],
  ])('%i ms are a length of %s', (ms, said) => {
    expect(length(ms)).toBe(said);
  });

  it.each([
    [0, 10 * S, '10 s ago'],
    [5, 5, 'just now'],
    [3 * H, 0, 'just now'],
  ])('%i seen at %i was %s', (at, now, said) => {
    expect(ago(at, now)).toBe(said);
  });

  it.each([
    [0, '0 KiB'],
    [123_000_000, '117 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [9.97 * 1024 ** 3, '10 GiB'],
    [64 * 1024 ** 3, '64 GiB'],
  ])('%i bytes are %s', (bytes, said) => {
    expect(size(bytes)).toBe(said);
  });

  it('says cores as per cent of one, and latencies with the unit that fits', () => {
    expect([cpu(0), cpu(0.034), cpu(1.2)]).toEqual(['0 %', '3.4 %', '120 %']);
    expect([latency(0.42), latency(3.44), latency(120.4), latency(2512)]).toEqual([
      '0.4 ms',
      '3.4 ms',
      '120 ms',
      '2.5 s',
    ]);
  });
});
