// Checks of the installed service, its file, its program and its state, and of the programs that the config starts.
import { programWarning } from '../../service/plan/programs.ts';
import type { ServiceManager } from '../../service/shared/service-manager.ts';
import { type Check, type Finding, ok, problem, unknown, warning } from '../check.ts';
import type { DoctorContext, ServiceAnswer } from '../context.ts';
import { serviceCommand } from '../service-file.ts';
import { isTooOld } from './node.ts';

const REINSTALL = 'mcp-watchdog install --force';

export const service: Check = {
  id: 'service',
  title: 'Service',
  async run(context) {
    const { service, paths } = context;
    if (service === null) return [unknown('this system has no supported service manager')];
    const text = service.manager.read();
    if (text === null && !isBooted(service.manager, context)) return [ABSENT];
    if (text === null)
      return [warning('not installed: the daemon does not start at login', 'mcp-watchdog install')];
    if (service.home !== paths.home)
      return [ok(`installed for another home: ${service.home ?? 'the file is not ours'}`)];
    const broken = commandProblem(service.manager, text, context);
    if (broken !== null) return [broken];
    return [...outdated(service, text), ...(await managerState(service.manager))];
  },
};

const ABSENT = unknown(
  'systemd does not run here, as in most containers: nothing starts the daemon automatically',
  'start it with the container or the machine: mcp-watchdog run (a container needs an init: docker run --init)',
);

/** sd_booted(3): this folder exists only where systemd has booted the machine. */
function isBooted({ kind }: ServiceManager, { machine }: DoctorContext): boolean {
  return kind !== 'systemd' || machine.isFolder('/run/systemd/system');
}

/** Says why the command in the file cannot start; null when it can. */
function commandProblem(
  { kind, file }: ServiceManager,
  text: string,
  { machine }: DoctorContext,
): Finding | null {
  const [node, program] = serviceCommand(kind, text) ?? [];
  if (node === undefined || program === undefined)
    return problem(`${file} has no command to start`, REINSTALL);
  if (!machine.isExecutable(node))
    return problem(`${file} starts ${node}, which no longer exists`, REINSTALL);
  if (!machine.isFile(program))
    return problem(`${file} starts ${program}, which no longer exists`, REINSTALL);
  const version = machine.nodeVersion(node);
  if (version === null) return problem(`${file} starts ${node}, which does not run`, REINSTALL);
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return isTooOld(major, minor)
    ? problem(`${file} starts ${node}, whose version ${version} is too old`, REINSTALL)
    : null;
}

function outdated({ manager, plan }: ServiceAnswer, text: string): Finding[] {
  const planned = plan();
  if (manager.render(planned.plan) !== text)
    return [warning(`${manager.file} differs from what install would write now`, REINSTALL)];
  return planned.warnings.map((sentence) => warning(sentence, null));
}

async function managerState(manager: ServiceManager): Promise<Finding[]> {
  const { isLoaded, isEnabled, pid, detail, isMisplaced } = await manager.state();
  const suffix = detail === null ? '' : ` (${detail})`;
  if (!isEnabled) return [warning(`does not start at login${suffix}`, REINSTALL)];
  if (!isLoaded) return [warning(`${manager.kind} has not loaded it${suffix}`, 'mcp-watchdog start')];
  if (isMisplaced === true)
    return [
      warning(
        `runs outside your session at the screen, so that no notification is shown${suffix}`,
        'mcp-watchdog install moves it there',
      ),
    ];
  return [ok(`${manager.file}, ${pid === null ? `not running${suffix}` : `running as pid ${pid}`}`)];
}

/** The service finds each program, and the same one as this terminal; servers can start in their folders. */
export const programs: Check = {
  id: 'programs',
  title: 'Programs',
  run({ programs: locate, folderWarnings }) {
    const found = locate().map((each) => {
      const said = programWarning(each);
      const { server, program, inService } = each;
      return said === null
        ? ok(`${server}: ${program} is ${inService ?? 'not found'}, also for a service`)
        : told(said);
    });
    return Promise.resolve([...found, ...folderWarnings().map(told)]);
  },
};

function told(said: string): Finding {
  const [message = said, ...cure] = said.split('; ');
  return warning(message, cure.join('; '));
}
