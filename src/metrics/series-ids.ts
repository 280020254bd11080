// Numbers of series: small ones, used again, so that readers can keep what they know of a series in a list.
export interface SeriesIds {
  take(): number;
  release(id: number): void;
}

export function createSeriesIds(): SeriesIds {
  const free: number[] = [];
  let next = 0;
  return {
    take: () => free.pop() ?? next++,
    release: (id) => void free.push(id),
  };
}
