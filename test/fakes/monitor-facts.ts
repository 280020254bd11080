// Facts of the live view about servers that have no history yet.
import type { Facts } from '../../src/commands/monitor/model.ts';
import { EMPTY_VIEW } from '../../src/control/protocol.ts';
import type { ServerStatus } from '../../src/core/model/status.ts';
import { NOW, status } from './status.ts';

export function factsAbout(servers: readonly ServerStatus[], change: Partial<Facts> = {}): Facts {
  return {
    status: status(servers),
    view: EMPTY_VIEW,
    now: NOW,
    traffic: null,
    curves: null,
    log: [],
    lostAt: null,
    snippets: null,
    answer: null,
    ...change,
  };
}
