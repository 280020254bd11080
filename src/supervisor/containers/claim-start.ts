// Claim of a start's container, for whoever starts processes with containers or without.
import type { ClaimedContainer, ClaimedStart, Containers, ContainerStart } from './containers.ts';

/** Leaves a start as it is where nobody looks after containers. */
export function claimStart(
  containers: Pick<Containers, 'claim'> | undefined,
  start: ContainerStart,
): ClaimedStart {
  return containers?.claim(start) ?? { argv: start.argv, container: null };
}

/** What is to be done before a process counts as gone; undefined without a container. */
export function endOf(container: ClaimedContainer | null | undefined): (() => Promise<void>) | undefined {
  return container === null || container === undefined ? undefined : () => container.end();
}
