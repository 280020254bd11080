// Whether the service file still starts what it should, and whether the service manager will do so.
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { type Check, type Finding, ok, problem, unknown, warning } from '../check.ts';
import type { DoctorContext, ServiceAnswer } from '../context.ts';
import { serviceCommand } from '../service-file.ts';
import { isTooOld } from './node.ts';

const AGAIN = 'mcp-watchdog install --force';

export const service: Check = {
  id: 'service',
  title: 'Service',
  async run(context) {
    const { service, paths } = context;
    if (service === null) return [unknown('this system has no service manager that we know')];
    const text = service.manager.read();
    if (text === null && !isRunning(service.manager, context)) return [ABSENT];
    if (text === null)
      return [warning('not installed: the daemon does not start at login', 'mcp-watchdog install')];
    if (service.home !== paths.home)
      return [ok(`installed for another home: ${service.home ?? 'the file is not ours'}`)];
    const broken = whatItStarts(service.manager, text, context);
    if (broken !== null) return [broken];
    return [...staleness(service, text), ...(await standing(service.manager))];
  },
};

const ABSENT = unknown(
  'systemd does not run here, as in most containers: nothing starts the daemon by itself',
  'let whatever starts this machine start it: mcp-watchdog run',
);

/** Where systemd has booted, and nowhere else, there is this folder: sd_booted(3). */
function isRunning({ kind }: ServiceManager, { machine }: DoctorContext): boolean {
  return kind !== 'systemd' || machine.isFolder('/run/systemd/system');
}

/** Null when it can be started. */
function whatItStarts(
  { kind, file }: ServiceManager,
  text: string,
  { machine }: DoctorContext,
): Finding | null {
  const [node, program] = serviceCommand(kind, text) ?? [];
  if (node === undefined || program === undefined)
    return problem(`${file} does not say what to start`, AGAIN);
  if (!machine.isExecutable(node))
    return problem(`${file} starts ${node}, which is not there any more`, AGAIN);
  if (!machine.isFile(program))
    return problem(`${file} starts ${program}, which is not there any more`, AGAIN);
  const version = machine.nodeVersion(node);
  if (version === null) return problem(`${file} starts ${node}, which does not run`, AGAIN);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return isTooOld(major, minor)
    ? problem(`${file} starts ${node}, whose version ${version} is too old`, AGAIN)
    : null;
}

function staleness({ manager, plan }: ServiceAnswer, text: string): Finding[] {
  const planned = plan();
  if (manager.render(planned.plan) !== text)
    return [warning(`${manager.file} is not what would be written now`, AGAIN)];
  return planned.warnings.map((sentence) => warning(sentence, null));
}

async function standing(manager: ServiceManager): Promise<Finding[]> {
  const { isLoaded, isEnabled, pid, detail } = await manager.state();
  const words = detail === null ? '' : ` (${detail})`;
  if (!isEnabled) return [warning(`does not start at login${words}`, AGAIN)];
  if (!isLoaded) return [warning(`${manager.kind} does not have it loaded${words}`, 'mcp-watchdog start')];
  return [ok(`${manager.file}, ${pid === null ? `not running${words}` : `running as pid ${pid}`}`)];
}
