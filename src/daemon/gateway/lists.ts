// Lists of a server: read after its handshake and when it says that they changed, and compared by their hashes.
import { createHash } from 'node:crypto';
import { isObject } from '../../core/base/guards.ts';
import type { JsonObject } from '../../core/base/json-rpc.ts';
import { LISTS, type Era, type ListName } from '../../core/gateway/model.ts';
import type { Call } from '../../wire/call.ts';
import { modernParams } from '../../wire/handshake.ts';

export interface ReadLists {
  readonly hashes: Readonly<Partial<Record<ListName, string>>>;
  /** As the server listed them; null when they could not be read. */
  readonly tools: readonly JsonObject[] | null;
  /** The whole lists, by method, as one page each. */
  readonly results: Readonly<Record<string, JsonObject>>;
}

export interface ListReader {
  readonly call: Call;
  readonly era: Era;
  readonly version: string;
  readonly capabilities: JsonObject;
  /** Reads the templates of resources too. They have no hash: nothing tells that they changed. */
  readonly withTemplates: boolean;
}

/** Pages of one list; a server that repeats a cursor would be asked for ever. */
const MAX_PAGES = 50;

/** Reads the lists that the server has. One that cannot be read is left out. */
export async function readLists(
  { call, era, version, capabilities, withTemplates }: ListReader,
  signal: AbortSignal,
  only: readonly ListName[] = LISTS,
): Promise<ReadLists> {
  const hashes: Partial<Record<ListName, string>> = {};
  let tools: readonly JsonObject[] | null = null;
  const results: Record<string, JsonObject> = {};
  const ask = (method: string) => (params: JsonObject) =>
    call(method, era === 'modern' ? modernParams(version, params) : params, signal);
  const wanted = only.filter((list) => isObject(capabilities[list]));
  await Promise.all(
    wanted.map(async (list) => {
      const items = await readList(list, ask(`${list}/list`));
      if (items === null) return;
      results[`${list}/list`] = { [list]: items };
      hashes[list] = createHash('sha256').update(JSON.stringify(items)).digest('base64url').slice(0, 22);
      if (list === 'tools') tools = items;
    }),
  );
  if (withTemplates && wanted.includes('resources')) {
    const templates = await readList('resourceTemplates', ask('resources/templates/list'));
    if (templates !== null) results['resources/templates/list'] = { resourceTemplates: templates };
  }
  return { hashes, tools, results };
}

async function readList(
  list: ListName | 'resourceTemplates',
  ask: (params: JsonObject) => ReturnType<Call>,
): Promise<readonly JsonObject[] | null> {
  const items: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const outcome = await ask(cursor === undefined ? {} : { cursor });
    if (outcome.kind !== 'response' || outcome.response.kind !== 'result') return null;
    const { [list]: found, nextCursor } = outcome.response.result;
    if (!Array.isArray(found)) return null;
    items.push(...found.filter((item) => isObject(item)));
    if (typeof nextCursor !== 'string' || nextCursor === cursor) return items;
    cursor = nextCursor;
  }
  return items;
}

/** Lists whose hash is another than before. A list that was never seen has not changed. */
export function changedLists(before: ReadLists['hashes'], after: ReadLists['hashes']): readonly ListName[] {
  return LISTS.filter(
    (list) => before[list] !== undefined && after[list] !== undefined && before[list] !== after[list],
  );
}
