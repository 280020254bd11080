// Replay of requests that a server's death cut off: which may be sent a second time, and which seem to have killed it.
import { BOOKKEEPING, READS } from '../methods.ts';
import type { ToolRules } from '../model.ts';

/** A server that dies so soon after a second sending, ms, is taken to have died of it. */
const POISON_WINDOW = 5_000;
/** How long a call that killed its server twice is not sent twice again, ms. */
const POISON_MEMORY = 60_000;
const MAX_POISONS = 200;

/** The parts of a request that decide. */
export interface Replayable {
  readonly method: string;
  readonly subject: string | null;
  /** When the client asked, and when it was last sent to the server; ms of the monotonic clock. */
  readonly since: number;
  readonly sentAt: number;
  readonly isRetry: boolean;
}

export interface ReplayJudge {
  /** Notes that the server died at `at` with these under way; asked before `mayRepeat`. */
  noteDeath(calls: Iterable<Replayable>, at: number): void;
  /** Whether the request may be sent again at `at`, after a wait of at most `patience` ms since it was asked. */
  mayRepeat(
    call: Replayable,
    rules: ToolRules,
    limits: { readonly at: number; readonly patience: number },
  ): boolean;
}

export function createReplayJudge(): ReplayJudge {
  const poisons = new Map<string, number>();

  function noteDeath(calls: Iterable<Replayable>, at: number): void {
    for (const [name, since] of poisons) if (at - since >= POISON_MEMORY) poisons.delete(name);
    for (const call of calls) {
      if (!call.isRetry || at - call.sentAt > POISON_WINDOW || poisons.size >= MAX_POISONS) continue;
      poisons.set(nameOf(call), at);
    }
  }

  return {
    noteDeath,
    mayRepeat(call, rules, { at, patience }) {
      if (call.isRetry || at - call.since > patience) return false;
      const poisoned = poisons.get(nameOf(call));
      if (poisoned !== undefined && at - poisoned < POISON_MEMORY) return false;
      // Whatever the config says of calls.
      if (BOOKKEEPING.has(call.method)) return true;
      if (call.method === 'tools/call') return call.subject !== null && rules.mayRepeat(call.subject);
      return READS.has(call.method) && rules.mayRepeat(null);
    },
  };
}

function nameOf({ method, subject }: Replayable): string {
  return `${method} ${subject ?? ''}`;
}
