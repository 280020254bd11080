// `deploy`: config, service, start and a check that every server answers; stops at the first step that fails.
import { WatchdogError } from '../../core/base/errors.ts';
import type { Status } from '../../core/model/status.ts';
import type { CommandContext } from '../shared/command.ts';
import { configuredNames, ensureConfig, ensureService, ensureDaemon } from './deploy-steps.ts';
import { interruptSignal } from '../shared/interrupt.ts';
import { type Host, processHost } from '../shared/service.ts';
import { verifyServers } from './verify.ts';
import {
  createDeployProgress,
  isUnicodeLocale,
  nextSteps,
  type DeployStep,
  stepLine,
  type DeployStepName,
} from './deploy-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';

export interface DeployOptions {
  readonly host?: Host;
  /** ms that all servers together may take until they answer: packages are installed in it. */
  readonly verifyTimeout?: number;
}

const PATIENCE = 120_000;

export async function run(context: CommandContext, options: DeployOptions = {}): Promise<number> {
  const host = options.host ?? processHost(context.io);
  const steps = createSteps(context);
  try {
    await steps.do('config', () => ensureConfig(context));
    await steps.do('service', () => ensureService(context, host));
    await steps.do('start', () => ensureDaemon(context, host));
    const verified = await verify(context, steps, options.verifyTimeout ?? PATIENCE);
    if (verified !== null)
      steps.say(nextSteps(verified, { logs: context.paths.logs, colour: context.colour }));
    return verified === null ? 1 : 0;
  } catch (error) {
    if (context.flags.json !== true || !(error instanceof WatchdogError)) throw error;
    return 1;
  } finally {
    steps.end();
  }
}

/** @returns the status in which all is well; null when somebody did not want to wait for it */
async function verify(context: CommandContext, steps: Steps, patience: number): Promise<Status | null> {
  const { signal, release } = interruptSignal(context.io);
  const progress = createDeployProgress();
  let last: Status | null = null;
  try {
    await steps.do('verify', async () => {
      const outcome = await verifyServers(context, {
        timeout: patience,
        signal,
        names: configuredNames(context),
        onStatus: (status) => steps.say(progress(status, viewOptions(context))),
      });
      if (outcome.isInterrupted)
        return { ok: false, detail: 'interrupted; the daemon goes on, mcp-watchdog status tells how it is' };
      last = outcome.status;
      return { ok: true, detail: outcome.detail };
    });
    return last;
  } finally {
    release();
  }
}

interface Steps {
  /** Does one, and tells how it went. A failure names the step. */
  do(name: DeployStepName, work: () => Promise<Done>): Promise<void>;
  /** Lines for people. */
  say(lines: readonly string[]): void;
  /** The result, for programs. */
  end(): void;
}

/** How a step went; `more` are lines for people below it. */
interface Done {
  readonly detail: string;
  readonly ok?: boolean;
  readonly more?: readonly string[];
}

function createSteps(context: CommandContext): Steps {
  const { flags, colour, io } = context;
  const isJson = flags.json === true;
  const isUnicode = isUnicodeLocale(io.env);
  const steps: DeployStep[] = [];

  function say(lines: readonly string[]): void {
    if (!isJson && lines.length > 0) printLines(context, lines);
  }

  function tell(step: DeployStep): void {
    steps.push(step);
    say([stepLine(step, { colour, isUnicode })]);
  }

  return {
    say,
    async do(name, work) {
      try {
        const { detail, ok = true, more = [] } = await work();
        tell({ name, ok, detail });
        say(more);
      } catch (error) {
        if (!(error instanceof WatchdogError)) throw error;
        const [detail = ''] = error.message.split('\n');
        const cure = error.hint === null ? {} : { hint: error.hint };
        tell({ name, ok: false, detail: isJson ? error.message : detail, ...cure });
        throw named(name, error);
      }
    },
    end() {
      if (isJson) printJson(context, { steps });
    },
  };
}

function named(step: DeployStepName, error: WatchdogError): WatchdogError {
  const hint = error.hint === null ? {} : { hint: error.hint };
  return new WatchdogError(error.code, `Cannot deploy, the step "${step}" failed: ${error.message}`, {
    ...hint,
    cause: error,
  });
}
