// Effects of an update: install, canary, wait, backup, link; each returns its result as an input of the state machine.
import type { ServerSpec } from '../core/model/server-spec.ts';
import { messageOf } from '../core/base/guards.ts';
import type { UpdateAction, UpdateInput, UpdatePlan } from '../core/update/update-state.ts';
import type { Clock } from '../system/time/clock.ts';
import type { UpdatePorts } from './ports.ts';
import { pause } from '../system/time/pause.ts';

/** The actions that take time. */
export type Effect = Extract<
  UpdateAction,
  { kind: 'install' | 'canary' | 'await-quiet' | 'back-up' | 'link' }
>;

export interface EffectContext {
  readonly ports: UpdatePorts;
  readonly clock: Clock;
  readonly spec: ServerSpec;
  readonly plan: UpdatePlan;
  readonly signal: AbortSignal;
  /** Shows one line of progress. */
  readonly onProgress: (line: string) => void;
}

/** Performs an effect. Never throws: an error is part of the result. @returns null when it was aborted */
export function performEffect(effect: Effect, context: EffectContext): Promise<UpdateInput | null> {
  switch (effect.kind) {
    case 'install':
      return install(context);
    case 'canary':
      return tryCanary(context);
    case 'await-quiet':
      return awaitQuiet(context);
    case 'back-up':
      return backUp(context);
    case 'link':
      return link(effect.version, context);
    default:
      return effect satisfies never;
  }
}

async function install({ ports, spec, plan, signal, onProgress }: EffectContext): Promise<UpdateInput> {
  try {
    const { packages } = ports;
    if (await packages.isInstalled(spec, plan.to)) return { kind: 'installed', refusal: null };
    const outcome = await packages.install(spec, plan.to, { signal, onProgress });
    return { kind: 'installed', refusal: outcome.ok ? null : outcome.refusal };
  } catch (error) {
    return { kind: 'installed', refusal: messageOf(error) };
  }
}

async function tryCanary({ ports, spec, plan, signal }: EffectContext): Promise<UpdateInput> {
  try {
    const report = await ports.canary(spec, plan.to, signal);
    if (!report.ok) return { kind: 'canaried', failure: report, lost: null };
    // A server that does not run, or does not answer, leaves nothing to compare with.
    const before = ports.isUp(spec.name) ? await ports.runningTools(spec.name) : null;
    return { kind: 'canaried', failure: null, lost: before && ports.compare(before, report.tools) };
  } catch (error) {
    return { kind: 'canaried', failure: { reason: messageOf(error), fault: 'ours' }, lost: null };
  }
}

/** Ms between two quiet checks. */
const CHECK_EVERY = 1000;

async function awaitQuiet({ ports, clock, spec, signal }: EffectContext): Promise<UpdateInput | null> {
  while (!signal.aborted && ports.isUp(spec.name) && !ports.isQuiet(spec.name))
    await pause(clock, CHECK_EVERY, signal);
  return signal.aborted ? null : { kind: 'quiet' };
}

async function backUp({ ports }: EffectContext): Promise<UpdateInput> {
  try {
    await ports.backUp();
    return { kind: 'backed-up', refusal: null };
  } catch (error) {
    return { kind: 'backed-up', refusal: messageOf(error) };
  }
}

async function link(version: string, { ports, spec }: EffectContext): Promise<UpdateInput> {
  const refusal = await ports.packages.switchTo(spec, version).then(() => null, messageOf);
  return { kind: 'linked', version, refusal, isUp: ports.isUp(spec.name) };
}
