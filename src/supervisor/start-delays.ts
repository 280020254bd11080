// Judgement of processes that are not ready in time: what they are doing, as far as probe and output tell.
import type { Cause } from '../core/base/cause.ts';
import { span } from '../core/base/format.ts';
import { downloadLine } from '../core/lifecycle/download-line.ts';
import type { DownloadState } from '../core/model/lifecycle-state.ts';
import type { HealthVerdict } from '../core/model/observations.ts';
import type { ServerSpec } from '../core/model/server-spec.ts';
import { quoteOf } from '../core/status/output-excerpt.ts';
import type { Bus } from '../system/bus.ts';
import type { Clock } from '../system/time/clock.ts';

export interface StartDelayParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly bus: Pick<Bus, 'publish'>;
  /** Returns an excerpt of what the server printed, neutralised, oldest first. */
  readonly lastLines: (server: string) => readonly string[];
  /** Returns the line that the server printed last, and its number; null for none since its start. */
  readonly latestLine: (server: string) => { readonly number: number; readonly text: string } | null;
  /** Returns the last verdict of the probes on the current process; null while there is none. */
  readonly lastVerdict: (server: string) => HealthVerdict | null;
}

interface Delay {
  readonly known: Cause | null;
  readonly download: DownloadState;
}

export interface StartDelays {
  /**
   * Finds out what a process that is not ready in time is doing; a download is told of.
   *
   * @param start.spawnedAt ms of the monotonic clock
   */
  judge(spec: ServerSpec, start: { readonly run: number; readonly spawnedAt: number }): Delay;
}

/** Of one server. */
export function createStartDelays(parts: StartDelayParts): StartDelays {
  /** The line of a download that was seen at the last deadline. */
  let judged: { readonly run: number; readonly number: number } | null = null;

  function tellOfDownload(server: string, spawnedAt: number): void {
    const elapsed = parts.clock.monotonic() - spawnedAt;
    const line = `it is still downloading what it needs, ${span(elapsed)} after its start`;
    parts.bus.publish({ kind: 'install-progress', server, line });
  }

  /** Finds out why a process is not ready: what the probe got last, and what the process itself printed about it. */
  function causeOfDelay({ name, start }: ServerSpec): Cause | null {
    const { cause, quote } = parts.lastVerdict(name) ?? {};
    const printed = quoteOf(parts.lastLines(name), { hasEnded: false, wasReady: false });
    if (cause !== undefined) return { cause, quote: quote ?? printed ?? null };
    return printed === undefined
      ? null
      : { cause: `not ready within ${span(start.timeout)}`, quote: printed };
  }

  return {
    judge(spec, { run, spawnedAt }) {
      const latest = parts.latestLine(spec.name);
      const kind = latest === null ? null : downloadLine(latest.text);
      if (latest === null || kind === null) return { known: causeOfDelay(spec), download: 'none' };
      const isNew = kind === 'silent' || judged?.run !== run || judged.number !== latest.number;
      judged = { run, number: latest.number };
      const cause = isNew ? 'it is still downloading' : 'its download stalled';
      if (isNew) tellOfDownload(spec.name, spawnedAt);
      return { known: { cause, quote: latest.text }, download: isNew ? 'advancing' : 'stalled' };
    },
  };
}
