// Refusal of every request with one reason, for a daemon that is not ready.
import type { WatchdogError } from '../core/base/errors.ts';
import type { RequestHandlers } from './server.ts';

/** Answers every request with the error. The compiler asks for a line here when the protocol gains a method. */
export function refuseAll(reason: WatchdogError): RequestHandlers {
  const refuse = (): never => {
    throw reason;
  };
  return {
    start: refuse,
    stop: refuse,
    restart: refuse,
    check: refuse,
    tools: refuse,
    reload: refuse,
    cleanup: refuse,
    updateCheck: refuse,
    update: refuse,
    rollback: refuse,
    calls: refuse,
    clients: refuse,
    query: refuse,
    approve: refuse,
    signIn: refuse,
    signOut: refuse,
    view: refuse,
    notifyTest: refuse,
  };
}
