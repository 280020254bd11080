// Record of clients' requests: the last ones of each server in memory, and on disk when the config says so.
import { join } from 'node:path';
import { neutralise, truncate, type Redactor } from '../../core/base/text.ts';
import type { NumberedCall } from '../../core/gateway/call-summary.ts';
import type { Exchange } from '../../core/gateway/model.ts';
import type { GatewaySettings } from '../../core/model/gateway-policy.ts';
import { openRotatingFile, type RotatingFile } from '../../system/files/rotating-file.ts';
import type { Paths } from '../../system/files/paths.ts';
import type { Clock } from '../../system/time/clock.ts';

export interface CallLog {
  add(server: string, exchange: Exchange): void;
  /** Records of one server, or of all, after number `after`, oldest first; the newest `most` of them. */
  calls(server: string | null, options: { readonly after: number; readonly most: number }): NumberedCall[];
  /** What is written to disk from here on; an earlier file stays until it is cleaned up. */
  setMode(mode: GatewaySettings['log']): void;
  forget(server: string): void;
  close(): Promise<void>;
}

export interface CallLogOptions {
  readonly paths: Pick<Paths, 'logs'>;
  readonly clock: Clock;
  readonly redactor: Pick<Redactor, 'scrub'>;
  readonly mode: GatewaySettings['log'];
  readonly onTrouble: (server: string, error: Error | null) => void;
}

/** Records of one server in memory. */
const MAX_RECORDS = 1_000;
const FILE_POLICY = { maxSize: 10 * 1024 ** 2, keep: 3 };
/** Characters of a name that a client gives itself or a tool, and of a body. */
const MAX_NAME = 128;
const MAX_BODY = 16 * 1024;
/** How long a name that was cleaned is known, ms, and how many are. */
const NAMES_KEPT = 1_000;
const MAX_NAMES = 200;

type Slot = { -readonly [Key in keyof NumberedCall]: NumberedCall[Key] };

/** Records of one server; the oldest one is at `next` once there are `MAX_RECORDS`. */
interface Ring {
  readonly records: Slot[];
  next: number;
}

/** Returns the record to write next. The oldest is used again: as garbage, each would have grown old before it died. */
function slotIn(ring: Ring, server: string): Slot {
  const { records, next } = ring;
  ring.next = (next + 1) % MAX_RECORDS;
  const known = records[next];
  if (known !== undefined) return known;
  const slot: Slot = {
    number: 0,
    at: 0,
    server,
    client: null,
    method: '',
    tool: null,
    took: 0,
    waited: 0,
    isRetry: false,
    error: '',
  };
  records.push(slot);
  return slot;
}

export function createCallLog({ paths, clock, redactor, onTrouble, ...options }: CallLogOptions): CallLog {
  const rings = new Map<string, Ring>();
  const files = new Map<string, RotatingFile>();
  let { mode } = options;
  let count = 0;

  const clean = (text: string, most: number): string => truncate(redactor.scrub(neutralise(text)), most);

  /** Names repeat: patterns are searched once for each and second, since a reload may make one of them a secret. */
  const names = new Map<string, string>();
  let cleanedAt = 0;
  function cleanName(name: string, at: number): string {
    if (Math.abs(at - cleanedAt) >= NAMES_KEPT || names.size > MAX_NAMES) {
      names.clear();
      cleanedAt = at;
    }
    const known = names.get(name);
    if (known !== undefined) return known;
    const cleaned = clean(name, MAX_NAME);
    if (name.length <= MAX_NAME) names.set(name, cleaned);
    return cleaned;
  }

  function ringOf(server: string): Ring {
    const known = rings.get(server);
    if (known !== undefined) return known;
    const ring: Ring = { records: [], next: 0 };
    rings.set(server, ring);
    return ring;
  }

  function fileOf(server: string): RotatingFile {
    const known = files.get(server);
    if (known !== undefined) return known;
    const file = openRotatingFile({
      path: join(paths.logs, 'calls', `${server}.jsonl`),
      ...FILE_POLICY,
      clock,
      onTrouble: (error) => onTrouble(server, error),
    });
    files.set(server, file);
    return file;
  }

  return {
    add(server, exchange) {
      const { client, method, tool, took, waited, isRetry, error, request, response } = exchange;
      const at = clock.now();
      const record = slotIn(ringOf(server), server);
      record.number = count += 1;
      record.at = at;
      record.client = client === null ? null : cleanName(client, at);
      record.method = cleanName(method, at);
      record.tool = tool === null ? null : cleanName(tool, at);
      record.took = Math.round(took);
      record.waited = Math.round(waited);
      record.isRetry = isRetry;
      record.error = error;
      if (mode === 'off') return;
      const { number: _, ...line } = record;
      const bodies =
        mode === 'bodies'
          ? {
              params: clean(JSON.stringify(request['params'] ?? null), MAX_BODY),
              response: response === null ? null : clean(response, MAX_BODY),
            }
          : {};
      fileOf(server).write(
        `${JSON.stringify({ ...line, at: new Date(line.at).toISOString(), ...bodies })}\n`,
      );
    },
    calls(server, { after, most }) {
      const found = (server === null ? [...rings.values()] : [rings.get(server)])
        .flatMap((ring) => ring?.records.filter(({ number }) => number > after) ?? [])
        .toSorted((a, b) => a.number - b.number);
      return found.slice(-most).map((record) => ({ ...record }));
    },
    setMode(changed) {
      mode = changed;
      if (mode !== 'off') return;
      for (const file of files.values()) void file.close();
      files.clear();
    },
    forget(server) {
      rings.delete(server);
      void files.get(server)?.close();
      files.delete(server);
    },
    async close() {
      await Promise.all([...files.values()].map((file) => file.close()));
    },
  };
}
