// Stream of the daemon that all tabs of this address share, as a browser opens six connections to one address at most.
// One tab holds a lock, reads the stream, and passes on what comes; the next one takes over when it is closed or hidden.

/* eslint-disable unicorn/require-post-message-target-origin -- a BroadcastChannel reaches only this origin */
import type { Fault, NumberedStatus, StreamMessage } from '../model/wire.ts';

type Known = Pick<NumberedStatus, 'boot' | 'seq'>;

export interface SharedStream {
  /** Tabs of one name share a stream. */
  readonly name: string;
  /** What this tab has already. */
  readonly known: Known;
  /** Opens the stream itself, from what is known; a null is a ping. */
  readonly open: (
    known: Known,
    onMessage: (message: StreamMessage | null) => void,
    signal: AbortSignal,
  ) => Promise<Fault>;
  readonly onMessage: (message: StreamMessage) => void;
  readonly signal: AbortSignal;
}

/** What a tab says to the others. */
type Note =
  | { readonly kind: 'who' }
  /** A tab that begins to read asks whether there are others; they answer by `who`. */
  | { readonly kind: 'any' }
  /** The reader of the stream says how far it is. */
  | ({ readonly kind: 'at' } & Known)
  /** Null: a ping. `after`: the number that the reader had before. */
  | { readonly kind: 'news'; readonly message: StreamMessage | null; readonly after: number }
  | { readonly kind: 'over'; readonly fault: Fault };

/** Ms without a word of the tab that reads: it hangs, and another one takes its place. The daemon pings each 15 s. */
const SILENCE = 40_000;

/** Names of streams whose reader hangs. */
const stuck = new Set<string>();

/** Passes on messages until the stream ends; resolves with why it did. Where the browser has no locks, each tab reads for itself. */
export function shareStream(stream: SharedStream): Promise<Fault> {
  const { known, open, onMessage, signal } = stream;
  if ('locks' in navigator) return take(stream);
  return open(known, (message) => message !== null && onMessage(message), signal);
}

async function take({ name, known, open, onMessage, signal }: SharedStream): Promise<Fault> {
  const channel = new BroadcastChannel(name);
  const done = new AbortController();
  const place = { ...known };
  let isReading = false;
  let hasOthers = false;
  let finish: (fault: Fault) => void = () => undefined;
  const over = new Promise<Fault>((resolve) => {
    finish = resolve;
  });
  const say = (note: Note): void => channel.postMessage(note);
  let timer = setTimeout(hang, SILENCE);

  function hang(): void {
    if (isReading) return;
    stuck.add(name);
    finish({ kind: 'gone', message: 'The tab that reads the stream is silent' });
  }

  function follow(message: StreamMessage | null): void {
    if (message?.kind === 'status') place.seq = Math.max(place.seq, message.seq);
    if (message !== null) onMessage(message);
  }

  function hear(note: Note): void {
    if (isReading) {
      if (note.kind !== 'who') return;
      hasOthers = true;
      return say({ kind: 'at', ...place });
    }
    if (note.kind === 'who') return;
    clearTimeout(timer);
    timer = setTimeout(hang, SILENCE);
    if (note.kind === 'any') say({ kind: 'who' });
    else if (note.kind === 'over') finish(note.fault);
    else if (isAhead(note, place)) finish({ kind: 'gone', message: 'Something was missed' });
    else if (note.kind === 'news') follow(note.message);
  }

  /** The lock is ours. */
  async function read(): Promise<void> {
    isReading = true;
    say({ kind: 'any' });
    const fault = await open(
      place,
      (message) => {
        const after = place.seq;
        follow(message);
        if (hasOthers) say({ kind: 'news', message, after });
      },
      done.signal,
    );
    if (!done.signal.aborted) say({ kind: 'over', fault });
    finish(fault);
  }

  channel.addEventListener('message', ({ data }: MessageEvent<Note>) => hear(data));
  const stop = (): void => finish({ kind: 'gone', message: '' });
  signal.addEventListener('abort', stop);
  say({ kind: 'who' });
  const isStuck = stuck.delete(name);
  void navigator.locks
    .request(name, isStuck ? { steal: true } : { signal: done.signal }, read)
    // Given up before it was ours, or taken from us as we did not move.
    .catch(stop);
  const fault = await over;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  done.abort();
  channel.close();
  return fault;
}

/** True when the reader knows what this tab does not: all is read anew then. */
function isAhead(note: Extract<Note, { kind: 'at' | 'news' }>, { boot, seq }: Known): boolean {
  if (note.kind === 'at') return note.boot !== boot || note.seq > seq;
  return note.after > seq || (note.message?.kind === 'hello' && note.message.boot !== boot);
}
