// What an update does to the world, one act at a time, and what came of it.
import type { ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import type { UpdateAction, UpdateInput, UpdatePlan } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';
import { pause } from '../system/time/pause.ts';

/** Those that take time. */
export type Effect = Extract<
  UpdateAction,
  { kind: 'install' | 'canary' | 'await-quiet' | 'back-up' | 'link' }
>;

export interface EffectContext {
  readonly parts: UpdatePorts;
  readonly clock: Clock;
  readonly spec: ServerSpec;
  readonly plan: UpdatePlan;
  readonly signal: AbortSignal;
  /** A word for people while it lasts. */
  readonly say: (line: string) => void;
}

/** Never throws: what goes wrong is in the news. Null when there is none, because it was aborted. */
export function performEffect(act: Effect, context: EffectContext): Promise<UpdateInput | null> {
  switch (act.kind) {
    case 'install':
      return install(context);
    case 'canary':
      return tryOnTheSide(context);
    case 'await-quiet':
      return awaitQuiet(context);
    case 'back-up':
      return backUp(context);
    case 'link':
      return link(act.version, context);
    default:
      return act satisfies never;
  }
}

async function install({ parts, spec, plan, signal, say }: EffectContext): Promise<UpdateInput> {
  try {
    const { packages } = parts;
    if (await packages.isInstalled(spec, plan.to)) return { kind: 'installed', refusal: null };
    const outcome = await packages.install(spec, plan.to, { signal, onProgress: say });
    return { kind: 'installed', refusal: outcome.ok ? null : outcome.refusal };
  } catch (error) {
    return { kind: 'installed', refusal: messageOf(error) };
  }
}

async function tryOnTheSide({ parts, spec, plan, signal }: EffectContext): Promise<UpdateInput> {
  try {
    const report = await parts.canary(spec, plan.to, signal);
    if (!report.ok) return { kind: 'canaried', failure: report, lost: null };
    // Of a server that does not run, or does not answer, there is nothing to compare with.
    const before = parts.isUp(spec.name) ? await parts.runningTools(spec.name) : null;
    return { kind: 'canaried', failure: null, lost: before && parts.compare(before, report.tools) };
  } catch (error) {
    return { kind: 'canaried', failure: { reason: messageOf(error), fault: 'ours' }, lost: null };
  }
}

/** How often it is asked whether anybody is using the server, ms. */
const LOOK_EVERY = 1000;

async function awaitQuiet({ parts, clock, spec, signal }: EffectContext): Promise<UpdateInput | null> {
  while (!signal.aborted && parts.isUp(spec.name) && !parts.isQuiet(spec.name))
    await pause(clock, LOOK_EVERY, signal);
  return signal.aborted ? null : { kind: 'quiet' };
}

async function backUp({ parts }: EffectContext): Promise<UpdateInput> {
  try {
    await parts.backUp();
    return { kind: 'backed-up', refusal: null };
  } catch (error) {
    return { kind: 'backed-up', refusal: messageOf(error) };
  }
}

async function link(version: string, { parts, spec }: EffectContext): Promise<UpdateInput> {
  const refusal = await parts.packages.switchTo(spec, version).then(() => null, messageOf);
  return { kind: 'linked', version, refusal, isUp: parts.isUp(spec.name) };
}
