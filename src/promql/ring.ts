// The samples of one series in typed arrays: appended at the end, dropped at the beginning, read by index.
import type { Labels } from './labels.ts';
import type { Series } from './source.ts';

export interface Ring extends Series {
  /** Ignored when `time` (ms) is not after the last one. */
  push(time: number, value: number, isStale: boolean): void;
  dropBefore(time: number): void;
}

const FIRST_CAPACITY = 16;

export function createRing(labels: Labels): Ring {
  let times = new Float64Array(FIRST_CAPACITY);
  let values = new Float64Array(FIRST_CAPACITY);
  // A NaN cannot say which NaN it is: the bits of one are not kept by every engine.
  let stale = new Uint8Array(FIRST_CAPACITY);
  let head = 0;
  let length = 0;

  const slot = (index: number): number => (head + index) % times.length;

  function resize(capacity: number): void {
    const [newTimes, newValues] = [new Float64Array(capacity), new Float64Array(capacity)];
    const newStale = new Uint8Array(capacity);
    for (let index = 0; index < length; index += 1) {
      const from = slot(index);
      newTimes[index] = times[from] ?? 0;
      newValues[index] = values[from] ?? 0;
      newStale[index] = stale[from] ?? 0;
    }
    [times, values, stale, head] = [newTimes, newValues, newStale, 0];
  }

  return {
    labels,
    get length() {
      return length;
    },
    push(time, value, isStale) {
      if (length > 0 && time <= (times[slot(length - 1)] ?? 0)) return;
      if (length === times.length) resize(length * 2);
      const at = slot(length);
      times[at] = time;
      values[at] = value;
      stale[at] = isStale ? 1 : 0;
      length += 1;
    },
    dropBefore(time) {
      while (length > 0 && (times[head] ?? 0) < time) {
        head = (head + 1) % times.length;
        length -= 1;
      }
      if (times.length > FIRST_CAPACITY && length < times.length / 4) resize(times.length / 2);
    },
    timeAt: (index) => times[slot(index)] ?? Number.NaN,
    valueAt: (index) => values[slot(index)] ?? Number.NaN,
    isStaleAt: (index) => stale[slot(index)] === 1,
  };
}
