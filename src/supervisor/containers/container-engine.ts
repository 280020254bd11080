// Orders to a container engine through its own client: find, stop, measure.
import {
  type ContainerReading,
  parseContainerStats,
  STATS_FORMAT,
} from '../../core/containers/container-stats.ts';
import { type CommandResult, runCommand } from '../../system/process/run-command.ts';

/** How an engine is reached. */
export interface EngineAddress {
  /** The client with its global options, such as `--context`. */
  readonly client: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** A container of ours as far as it is known. */
export interface ContainerRef extends EngineAddress {
  /** Null while the client has not written it down. */
  readonly id: string | null;
  /** `NAME=VALUE`, of this container alone. */
  readonly label: string;
  /** The engine is asked to remove it, too. */
  readonly isRemoved: boolean;
}

/** Ms for one order; an engine that starts just now may need some. */
const TIMEOUT = 10_000;
/** Seconds between TERM and KILL: its client has had the grace of the server already. */
const GRACE = '2';
const GONE = /no such container|no container with|is not running|can only (?:kill|stop) running/iu;

/**
 * Ends a container: TERM, after 2 s KILL. One that has ended already is as good.
 *
 * @returns what the engine said when it could not; null when nothing of it is left
 */
export async function endContainer(container: ContainerRef): Promise<string | null> {
  const ids = container.id === null ? await findContainers(container) : [container.id];
  if (typeof ids === 'string') return ids;
  for (const id of ids) {
    const stopped = await order(container, ['stop', '-t', GRACE, id]);
    if (GONE.test(stopped.stderr)) continue;
    if (stopped.code !== 0) return complaint(stopped);
    // The engine removes it a moment later; until then its name is taken.
    if (container.isRemoved) await order(container, ['rm', '-f', id]);
  }
  return null;
}

/** Lists the ids of what bears the label; what the engine said when it could not. */
export async function findContainers(
  container: Omit<ContainerRef, 'id'>,
): Promise<readonly string[] | string> {
  const listed = await order(container, ['ps', '-aq', '--no-trunc', '--filter', `label=${container.label}`]);
  return listed.code === 0 ? listed.stdout.split('\n').filter(isContainerId) : complaint(listed);
}

/** Measures containers; null when the engine does not answer. */
export async function measureContainers(
  address: EngineAddress,
  ids: readonly string[],
): Promise<readonly ContainerReading[] | null> {
  const answer = await order(address, ['stats', '--no-stream', '--format', STATS_FORMAT, ...ids]);
  const readings = parseContainerStats(answer.stdout);
  return answer.code === 0 || readings.length > 0 ? readings : null;
}

export function isContainerId(text: string): boolean {
  return /^[\da-f]{12,64}$/u.test(text);
}

function order({ client, env }: EngineAddress, words: readonly string[]): Promise<CommandResult> {
  return runCommand([...client, ...words], { env, timeout: TIMEOUT, cwd: '/' });
}

function complaint({ stderr, spawnError, timedOut, code }: CommandResult): string {
  if (timedOut) return `it did not answer within ${TIMEOUT / 1000} s`;
  const [line = ''] = stderr.trim().split('\n');
  return spawnError ?? (line === '' ? `it ended with code ${String(code)}` : line);
}
