// Probe session that spares its server: it sends no MCP request that costs the server a process, or a client its session.
import type { GrowthState } from '../core/lifecycle/process-growth.ts';
import type { ProbeResult } from '../core/model/observations.ts';
import type { Deadline } from '../wire/deadline.ts';
import { isAboutOneSession } from '../wire/handshake.ts';
import type { McpTransport } from '../wire/mcp-transport.ts';
import { probeHttpLiveness } from './http-liveness.ts';
import type { ProbeSession, ProbeTarget } from './probe-kind.ts';

/** Takes note of a handshake that was refused: whoever has the only session keeps it. */
export function noteRefusal({ habits, onCondition }: ProbeTarget, detail: string): void {
  if (!isAboutOneSession(detail)) return;
  habits.sessions = 'single';
  onCondition('single_session', `${ONE_SESSION}, and a client has it. ${ONLY_HTTP}`);
}

/** Wraps the session of a server with a url; that of a pipe needs no sparing. */
export function sparing(session: ProbeSession, transport: McpTransport, target: ProbeTarget): ProbeSession {
  const { habits, onCondition } = target;
  if (target.spec.transport === 'stdio') return session;
  habits.beginProcess();

  const liveness = async (deadline: Deadline): Promise<ProbeResult> =>
    (await probeHttpLiveness(target, deadline)).result;

  const isSingle = (): boolean => habits.sessions === 'single';

  function single(message: string): void {
    habits.sessions = 'single';
    onCondition('single_session', message);
  }

  /** Asks once whether a client still gets a session beside ours. */
  async function checkSessions(deadline: Deadline): Promise<void> {
    if (habits.sessions !== 'unknown' || transport.peer === null) return;
    const room = (await transport.findRoom?.(deadline)) ?? 'many';
    if (room === 'unknown') return;
    if (room === 'many') habits.sessions = 'many';
    else if (room === 'freed') single(`${ONE_SESSION}: the watchdog gave it up. ${ONLY_HTTP}`);
    else takenForGood();
  }

  // The SDK keeps "already initialized" for the life of the process, whoever ends the session.
  function takenForGood(): void {
    const isOurs = target.spec.source.kind !== 'url';
    single(
      isOurs
        ? `${ONE_SESSION}, and the watchdog's first probe took it: it was restarted once to be free for a client. ${ONLY_HTTP}`
        : `${ONE_SESSION}, and the watchdog's probe took it: restart it, so that a client gets it. ${ONLY_HTTP}`,
    );
    target.onSessionTaken();
  }

  return {
    ...session,
    async connect(deadline, startTime) {
      if (isSingle()) {
        onCondition('single_session', `${ONE_SESSION}, which is left to a client. ${ONLY_HTTP}`);
        return liveness(deadline);
      }
      const result = await session.connect(deadline, startTime);
      if (result.outcome !== 'failed') return result;
      noteRefusal(target, result.detail);
      return isSingle() ? liveness(deadline) : result;
    },
    async probe(depth, deadline) {
      const growth = habits.beginRound();
      onCondition('process_growth', growthText(growth));
      if (habits.mustRest || isSingle()) return [await probeHttpLiveness(target, deadline)];
      const attempts = await session.probe(depth, deadline);
      if (attempts.at(-1)?.result.outcome === 'passed') await checkSessions(deadline);
      return attempts;
    },
  };
}

const ONE_SESSION = 'takes one session at a time';
const ONLY_HTTP = 'It is probed without a session: only that it answers HTTP';

function growthText({ phase, from, processes }: GrowthState): string | null {
  const grown = `${from} to ${processes ?? from} processes`;
  switch (phase) {
    case 'caused':
      return `each MCP request leaves processes behind (${grown} by probes alone): it is probed without MCP, only that it answers HTTP. Clients make it grow too; a bridge such as supergateway needs its stateful mode (--stateful)`;
    case 'resting':
    case 'confirming':
      return `its processes grew with the probes (from ${grown}): whether the probes are the reason is being tried out`;
    case 'watching':
    case 'unrelated':
      return null;
    default:
      return phase satisfies never;
  }
}
