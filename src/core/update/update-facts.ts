// Facts about the versions of one server, one per line, as command line and page list them.
import { describeToolChanges } from '../gateway/tool-definitions.ts';
import { MANAGER_FACTS, parsePackageRef } from '../model/package.ts';
import type { ServerStatus } from '../model/status.ts';
import type { UpdateMemory, UpdateStatus } from '../model/update.ts';
import {
  availableVersion,
  detailText,
  describeHeld,
  isWorrying,
  describeLastUpdate,
  describeProgress,
  versionText,
} from './update-text.ts';
import { ago } from '../base/format.ts';

interface UpdateFact {
  readonly label:
    | 'update'
    | 'available'
    | 'held'
    | 'previous'
    | 'pinned'
    | 'chosen'
    | 'bad version'
    | 'last update'
    | 'it changed'
    | 'asked';
  readonly text: string;
  /** True for facts to highlight. */
  readonly isNotable: boolean;
}

const MOST_HELD = 3;
const MOST_BAD = 5;

/** Lists the facts that apply; none for a server that is not a package. */
export function updateFacts(
  { update, package: packageId }: Pick<ServerStatus, 'update' | 'package'>,
  now: number,
): readonly UpdateFact[] {
  if (update === null || packageId === null) return [];
  const available = availableVersion(update);
  return [
    ...maybe('update', describeProgress(update, now), true),
    ...maybe('available', available === null ? null : versionText(available), true),
    ...(update.outlook?.held.slice(0, MOST_HELD) ?? []).flatMap((held) =>
      maybe('held', describeHeld(held, packageId), isWorrying(held)),
    ),
    ...historyFacts({ ...update.memory, previous: rollbackTarget(update) }, { packageId, now }),
    ...maybe('it changed', toolWords(update)),
    ...maybe('asked', askedWords(update, now)),
  ];
}

/** Says what the version that runs says of its tools otherwise than the one before it. */
function toolWords({ toolChanges = [] }: UpdateStatus): string | null {
  return toolChanges.length === 0 ? null : detailText(describeToolChanges(toolChanges));
}

/** Returns the target of a rollback now; null for none. */
function rollbackTarget({ progress, memory }: UpdateStatus): string | null {
  return progress?.phase === 'probation' ? progress.from : memory.previous;
}

function historyFacts(
  { previous, pinned, chosen, bad, last }: UpdateMemory,
  { packageId, now }: { readonly packageId: string; readonly now: number },
): UpdateFact[] {
  const newestFirst = bad.toSorted((one, other) => other.at - one.at).slice(0, MOST_BAD);
  return [
    ...maybe('previous', previous === null ? null : versionText(previous)),
    ...maybe('pinned', pinned === null ? null : `${versionText(pinned)}, by you; not updated by itself`),
    ...maybe('chosen', chosenWords(chosen, packageId)),
    ...newestFirst.flatMap(({ version, reason, at }) =>
      maybe('bad version', `${versionText(version)}, ${ago(at, now)}: ${detailText(reason)}`, true),
    ),
    ...maybe('last update', last === null ? null : describeLastUpdate(last, now)),
  ];
}

function chosenWords(chosen: UpdateMemory['chosen'], packageId: string): string | null {
  const { exactWish } = MANAGER_FACTS[parsePackageRef(packageId).manager];
  // A tag or a range leaves the choice to the watchdog.
  if (chosen === null || chosen.wish === chosen.version || !exactWish.test(chosen.wish)) return null;
  return `${versionText(chosen.version)}, while the config says ${versionText(chosen.wish)}`;
}

function askedWords({ checkedAt, outlook }: UpdateStatus, now: number): string | null {
  if (checkedAt === null) return null;
  const error = outlook?.error ?? null;
  return `the registry ${ago(checkedAt, now)}${error === null ? '' : `: ${detailText(error)}`}`;
}

function maybe(label: UpdateFact['label'], text: string | null, isNotable = false): UpdateFact[] {
  return text === null ? [] : [{ label, text, isNotable }];
}
