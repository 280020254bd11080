// Trust in our session with a server: what makes it doubtful, and how often a doubtful one may be renewed.
import { RPC_CODES, type RpcResponse } from '../../core/base/json-rpc.ts';
import type { Clock } from '../../system/time/clock.ts';

/** `keep`: the answer stands. `wait`: the session was good before and is lost now, and it is too early for another one. */
export type RenewalVerdict = 'keep' | 'renew' | 'wait';

/** Renewals in a row. */
const BURST = 3;
/** Time after which another renewal is allowed, ms: a handshake may cost the server a session, which it may never free. */
const REFILL = 15_000;

export class SessionTrust {
  readonly #clock: Clock;
  #isProven = false;
  #isDoubtful = false;
  #allowed = BURST;
  #refilledAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#refilledAt = clock.monotonic();
  }

  /** Notes a response on this session. `isDoubtful`: it may only mean that the server forgot the session. */
  note({ isDoubtful }: { readonly isDoubtful: boolean }): void {
    this.#isDoubtful = isDoubtful;
    if (!isDoubtful) this.#isProven = true;
  }

  /** Notes that a request on this session failed. */
  noteFailure({ isDoubtful }: { readonly isDoubtful: boolean }): void {
    this.#isDoubtful = isDoubtful;
  }

  /** Decides about the last answer, and takes one renewal from the allowance when the verdict is `renew`. */
  judge(): RenewalVerdict {
    if (!this.#isDoubtful) return 'keep';
    this.#refill();
    // A session on which nothing ever succeeded proves that a fresh one does not help.
    if (this.#allowed < 1) return this.#isProven ? 'wait' : 'keep';
    this.#allowed -= 1;
    this.#isProven = false;
    this.#isDoubtful = false;
    return 'renew';
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#allowed = Math.min(BURST, this.#allowed + (now - this.#refilledAt) / REFILL);
    this.#refilledAt = now;
  }
}

/**
 * Tells whether an error response names a lost session. Servers use several codes and words for it: −32001 "Session not
 * found", −32000 "No valid session ID provided", −32600 "Session not found", "Server not initialized".
 */
export function isSessionError(response: RpcResponse): boolean {
  if (response.kind !== 'error') return false;
  const { code, message } = response.error;
  return code === RPC_CODES.sessionNotFound || /\bsessions?\b|not (?:been )?initiali[sz]ed/iu.test(message);
}
