// Command `deploy`: config, service, start and a check that every server answers; stops at the first step that fails.
import { loadConfig } from '../../config/load.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Status } from '../../core/model/status.ts';
import { clientLinesOf } from '../clients/client-lines.ts';
import type { CommandContext } from '../shared/command.ts';
import {
  configuredNames,
  ensureClients,
  ensureConfig,
  ensureDaemon,
  ensureService,
  slowestStart,
  type StepResult,
} from './deploy-steps.ts';
import { checkRewrite, undoClients } from './init.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { type Host, processHost } from '../shared/service.ts';
import { verifyServers } from './verify.ts';
import {
  createDeployProgress,
  nextSteps,
  type DeployStep,
  stepLine,
  type DeployStepName,
} from './deploy-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';
import { DetailedError } from '../shared/json-output.ts';
import { isUnicodeLocale } from '../views/style.ts';

export interface DeployOptions {
  readonly host?: Host;
  /** ms after which the wait for the servers ends when none of them makes progress. */
  readonly verifyTimeout?: number;
}

/** ms; a server that starts slowly has its own `start.timeout` beside it. */
const VERIFY_TIMEOUT = 120_000;

export async function run(context: CommandContext, options: DeployOptions = {}): Promise<number> {
  if (context.flags.undo === true) return await undoClients(context);
  checkRewrite(context);
  const host = options.host ?? processHost(context.io);
  const steps = createSteps(context);
  try {
    await steps.do('config', () => ensureConfig(context));
    await steps.do('service', () => ensureService(context, host));
    await steps.do('start', () => ensureDaemon(context, host));
    const verified = await verify(
      context,
      steps,
      options.verifyTimeout ?? VERIFY_TIMEOUT + slowestStart(context),
    );
    if (verified === null) return steps.interrupted();
    if (context.flags.rewrite === true) await steps.do('clients', () => ensureClients(context));
    const { daemon } = verified;
    const clients = clientLinesOf(context, loadConfig(context.paths.config, context.io.env), daemon);
    steps.say(nextSteps(verified, { logs: context.paths.logs, colour: context.colour, clients }));
    if (context.flags.json === true) printJson(context, { steps: steps.done });
    return 0;
  } catch (error) {
    if (context.flags.json !== true || !(error instanceof WatchdogError)) throw error;
    throw withSteps(error, steps.done);
  }
}

/** Waits for every server to answer. @returns the status in which all do; null when interrupted */
async function verify(context: CommandContext, steps: Steps, timeout: number): Promise<Status | null> {
  const { signal, release } = interruptSignal(context.io);
  const progress = createDeployProgress();
  let last: Status | null = null;
  try {
    await steps.do('verify', async () => {
      const outcome = await verifyServers(context, {
        timeout,
        signal,
        names: configuredNames(context),
        onStatus: (status) => steps.say(progress(status, viewOptions(context))),
      });
      if (outcome.isInterrupted)
        return { ok: false, detail: 'interrupted; the daemon keeps running, see mcp-watchdog status' };
      last = outcome.status;
      return { ok: true, detail: outcome.detail };
    });
    return last;
  } finally {
    release();
  }
}

interface Steps {
  /** Runs a step and prints its line. An error names the step. */
  do(name: DeployStepName, work: () => Promise<StepResult>): Promise<void>;
  /** Prints lines for people; nothing with --json. */
  say(lines: readonly string[]): void;
  /** Returns the exit code after Ctrl-C. @throws WatchdogError CONTROL_FAILED with --json, where nothing has been said yet */
  interrupted(): number;
  readonly done: readonly DeployStep[];
}

function createSteps(context: CommandContext): Steps {
  const { flags, colour, io } = context;
  const isJson = flags.json === true;
  const isUnicode = isUnicodeLocale(io.env) ?? false;
  const steps: DeployStep[] = [];

  function say(lines: readonly string[]): void {
    if (!isJson && lines.length > 0) printLines(context, lines);
  }

  function report(step: DeployStep): void {
    steps.push(step);
    say([stepLine(step, { colour, isUnicode })]);
  }

  return {
    say,
    async do(name, work) {
      try {
        const { detail, ok = true, more = [] } = await work();
        report({ name, ok, detail });
        say(more);
      } catch (error) {
        if (!(error instanceof WatchdogError)) throw error;
        const [detail = ''] = error.message.split('\n');
        const hint = error.hint === null ? {} : { hint: error.hint };
        report({ name, ok: false, detail: isJson ? error.message : detail, ...hint });
        throw stepError(name, error);
      }
    },
    interrupted() {
      if (!isJson) return 1;
      throw new WatchdogError('CONTROL_FAILED', 'Cannot verify the servers: interrupted', {
        hint: 'The daemon keeps running, see mcp-watchdog status',
      });
    },
    done: steps,
  };
}

function withSteps(
  { code, message, hint, cause }: WatchdogError,
  steps: readonly DeployStep[],
): DetailedError {
  return new DetailedError(code, message, { details: { steps }, cause, ...(hint === null ? {} : { hint }) });
}

function stepError(step: DeployStepName, error: WatchdogError): WatchdogError {
  const hint = error.hint === null ? {} : { hint: error.hint };
  return new WatchdogError(error.code, `Cannot deploy, the step "${step}" failed: ${error.message}`, {
    ...hint,
    cause: error,
  });
}
