// Ends of calls: what a router tells the client, and what it notes for metrics and records.
import { codeIn, refusalText, REFUSALS, type Refusal } from '../messages.ts';
import type { ExchangeError, GatewayAction } from '../model.ts';
import { observationOf, type CallTable } from './calls.ts';
import type { Call } from './entries.ts';

export interface CallEnds {
  /** Ends a call with an error of ours. */
  refuse(call: Call, refusal: Refusal, at: number): void;
  /** Ends a call; `text` is its last message, null where nobody is to get one. */
  conclude(call: Call, at: number, error: ExchangeError, text: string | null): void;
  /** Ends the exchange of a call that its client cancelled. */
  endExchange(call: Call): void;
}

export function createCallEnds(calls: CallTable, emit: (action: GatewayAction) => void): CallEnds {
  function finish(
    call: Call,
    at: number,
    {
      error,
      text,
      code,
    }: { readonly error: ExchangeError; readonly text: string | null; readonly code: number | null },
  ): void {
    calls.remove(call, at);
    const heard = call.abandonedAt === null ? text : null;
    if (heard !== null) emit({ kind: 'send', port: call.port, text: heard, isLast: true, code });
    emit(observationOf(call, at, error, heard));
  }

  return {
    refuse: (call, refusal, at) =>
      finish(call, at, { error: refusal.error, text: refusalText(call.id, refusal), code: refusal.code }),
    conclude: (call, at, error, text) => finish(call, at, { error, text, code: codeIn(error) }),
    endExchange: ({ port, id }) => emit({ kind: 'end', port, text: refusalText(id, REFUSALS.cancelled) }),
  };
}
