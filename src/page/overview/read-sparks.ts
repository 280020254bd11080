// Reader of the curves and counts of the overview.
import { createLiveRange } from '../common/live-range.ts';
import {
  countsOf,
  curvesOf,
  NO_SPARKS,
  SPARK_QUERIES,
  sparkRange,
  type Sparks,
} from '../model/curves/sparks.ts';
import type { Answer, Wire } from '../model/wire.ts';

export interface SparkReader {
  /** What cannot be read stays as it was: a daemon without a history has no curves. */
  read(now: number): Promise<Sparks>;
  forget(): void;
}

export function createSparkReader(wire: Wire): SparkReader {
  const memory = createLiveRange(wire, SPARK_QUERIES.memory);
  const probe = createLiveRange(wire, SPARK_QUERIES.probe);
  let known: Sparks = NO_SPARKS;

  return {
    async read(now) {
      const range = sparkRange(now);
      const [memories, probes, calls, restarts] = await Promise.all([
        memory.read(range),
        probe.read(range),
        wire.query(SPARK_QUERIES.calls),
        wire.query(SPARK_QUERIES.restarts),
      ]);
      known = {
        memory: valueOr(memories, curvesOf, known.memory),
        probe: valueOr(probes, curvesOf, known.probe),
        calls: valueOr(calls, countsOf, known.calls),
        restarts: valueOr(restarts, countsOf, known.restarts),
      };
      return known;
    },
    forget() {
      memory.forget();
      probe.forget();
    },
  };
}

function valueOr<T, U>(answer: Answer<T> | null, read: (value: T) => U, otherwise: U): U {
  return answer?.ok === true ? read(answer.value) : otherwise;
}
