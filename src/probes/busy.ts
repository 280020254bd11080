// Probe session that tells a busy server from a dead one: what works off a call, or sends messages, missed a ping for that.
import { withQuotation } from '../core/base/cause.ts';
import type { ProbeSession, ProbeTarget } from './probe-kind.ts';

/**
 * Wraps the session of a server on a pipe; over HTTP nobody else's messages pass by us. An unanswered call excuses missed
 * probes for `gateway.busyGrace`, because some servers answer one request at a time.
 */
export function excusingBusy(session: ProbeSession, target: ProbeTarget): ProbeSession {
  const { connection, clock, onCondition, isStopped } = target;
  if (connection === null) return session;

  function reason(messagesBefore: number): string | null {
    const { oldestCall, counters } = connection ?? { oldestCall: null, counters: { messages: 0 } };
    if (counters.messages > messagesBefore) return 'it sends other messages meanwhile';
    const age = oldestCall === null ? null : clock.monotonic() - oldestCall;
    return age === null || age >= target.spec.gateway.busyGrace
      ? null
      : `a call is under way for ${Math.round(age / 1000)} s`;
  }

  return {
    ...session,
    async probe(depth, deadline) {
      const { messages, answersAstray } = connection.counters;
      const attempts = await session.probe(depth, deadline);
      const last = attempts.at(-1) ?? attempts[0];
      const isMissed = last.result.outcome === 'failed' && last.result.reason === 'timeout';
      const why = isMissed ? reason(messages) : null;
      // A stopped process works on nothing: what it sent before, and the calls that it took, are no sign of life.
      if (why === null || (await isStopped())) {
        onCondition('busy', null);
        const isAstray = isMissed && connection.counters.answersAstray > answersAstray;
        return isAstray ? [...attempts.slice(0, -1).map(tellAstray), tellAstray(last)] : attempts;
      }
      onCondition('busy', `does not answer probes while it works (${why}): not counted as a failure`);
      return [...attempts.slice(0, -1).map((attempt) => excuse(attempt, why)), excuse(last, why)];
    },
  };
}

type Attempt = Awaited<ReturnType<ProbeSession['probe']>>[number];

/** Says of a missed answer that one came, under an id that makes it nobody's. */
function tellAstray({ probe, result }: Attempt): Attempt {
  if (result.outcome !== 'failed' || result.reason !== 'timeout') return { probe, result };
  const detail = `${result.detail}, but one under an id that nobody asked with: an answer repeats the id of its request`;
  return { probe, result: { ...result, detail } };
}

function excuse({ probe, result }: Attempt, why: string): Attempt {
  if (result.outcome !== 'failed' || result.reason !== 'timeout') return { probe, result };
  return {
    probe,
    result: { outcome: 'inconclusive', detail: `${withQuotation(result.detail, result.quote)}, but ${why}` },
  };
}
