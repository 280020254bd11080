// Excerpt of what a process printed: its first and last lines, lines that name a fault, and the one that says it best.

interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  /** One safe line. */
  readonly text: string;
}

export interface OutputExcerpt {
  add(line: OutputLine): void;
  clear(): void;
  /** Returns the line that came last, and its number; null for none. */
  latest(): { readonly number: number; readonly text: string } | null;
  /**
   * Returns at most `count` lines in the order in which they came, `…` between those that did not follow each other. A line of
   * stdout begins with `[stdout]`.
   */
  lines(count: number): readonly string[];
}

/** Lines kept of each sort. */
const FIRST = 5;
const TELLING = 10;
const LAST = 20;

interface Numbered {
  readonly index: number;
  readonly text: string;
}

/**
 * Collects an excerpt. A server without a credential says so in its first line and prints its usage or a stack of fifty
 * lines after it: neither the beginning nor what names a fault is pushed out by what follows.
 */
export function createOutputExcerpt(): OutputExcerpt {
  let count = 0;
  const first: Numbered[] = [];
  const telling: Numbered[] = [];
  const last: Numbered[] = [];

  function remember(kept: Numbered[], line: Numbered, most: number): void {
    kept.push(line);
    if (kept.length > most) kept.shift();
  }

  return {
    add({ stream, text }) {
      const line = { index: count, text: stream === 'stdout' ? `${STDOUT}${text}` : text };
      count += 1;
      if (first.length < FIRST) first.push(line);
      if (weightOf(text) >= USAGE) remember(telling, line, TELLING);
      remember(last, line, LAST);
    },
    clear() {
      count = 0;
      for (const kept of [first, telling, last]) kept.length = 0;
    },
    latest() {
      const line = last.at(-1);
      return line === undefined ? null : { number: line.index, text: line.text };
    },
    lines(most) {
      if (count <= LAST) return last.slice(-most).map(({ text }) => text);
      return chosen([...first, ...telling, ...last], most);
    },
  };
}

const STDOUT = '[stdout] ';

/** Chooses by weight, then the latest; lines of a stack last of all. */
function chosen(kept: readonly Numbered[], most: number): string[] {
  const unique = [...new Map(kept.map((line) => [line.index, line])).values()];
  const firstIndex = Math.min(...unique.map(({ index }) => index));
  const rank = ({ index, text }: Numbered): number =>
    index - firstIndex < FIRST ? weightOf(text) + USAGE : weightOf(text);
  return unique
    .toSorted((a, b) => rank(b) - rank(a) || b.index - a.index)
    .slice(0, most)
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ index, text }, place, all) => {
      const before = all[place - 1];
      return before !== undefined && index > before.index + 1 ? [GAP, text] : [text];
    });
}

/** Stands for lines that were left out. */
const GAP = '…';

const STACK = -1;
const PLAIN = 0;
const USAGE = 1;
const FAULT = 2;
const DEMAND = 3;

/** Parts of a stack of Node, Python or Java, and what a runtime prints around one. */
const STACK_LINE =
  /^\s+at\s|^\s+File ".*", line \d+|^Traceback \(most recent|^During handling of the above|^The above exception was|^Node\.js v\d|^[\s^~]+$|^(?:file:\/\/)?\/\S+:\d+$|^node:\S+:\d+$|^\s*(?:throw|raise)\s|^\s*triggerUncaughtException\(|^Emitted '[^']+' event on |^\s*[{}\]],?$|^Require stack:|^\s*- \/|^\s+\.{3} \d+ (?:more|lines matching)/u;

/** A property of an error that Node prints below its stack, other than one that says what happened. */
const ERROR_PROPERTY =
  /^\s+(?:code|errno|syscall|requireStack|path|address|port|hostname|host): |^\s+(?!(?:error|message|msg|reason|detail)\b)(?:'[^']+'|\w+): .*[,{[]$/u;

/** What npm, Rust and Java add to a failure, whatever it is: where the log is, advice, a heading of a code that follows. */
const ADVICE_LINE =
  /^npm (?:error|ERR!)\s*(?:$|A complete log of|code |errno |syscall |path |\d{3}\s*$|\d{3} (?:Note that|tarball,)|network(?:$| (?:This is a problem|In most cases|If you are behind|'proxy' config)))|^note: run with `RUST_BACKTRACE|^Error: A JNI error has occurred/u;

/** A warning of a runtime or package manager: it asks to "please use" something else, and is no reason to end. */
const WARNING_LINE = /^\(node:\d+\) |^\(Use `node --|^npm (?:warn|notice)\b|:\d+: \w*Warning: /iu;

// Without the flag u: with it and i V8 takes 0.4 ms for a line of 2,000 characters, and each line that a server prints is weighed.
const DEMANDS =
  /\bfatal\b|\bpanic\b|\brequired?\b|\bmissing\b|\bmust\b|\bplease\b|\bnot set\b|\bunset\b|\bno (?:api.?key|token|credentials)\b|\bunauthori[sz]ed\b|\bEADDRINUSE\b/i;
const FAULTS =
  /error\b|exception\b|\bfail(?:ed|ure)\b|\binvalid\b|\bdenied\b|\bcannot\b|\bcan't\b|\bnot found\b|\brefused\b/i;

/** An option in a usage text: `  --token <token>  (required)`. */
const OPTION_LINE = /^\s*-{1,2}\w/u;

function weightOf(text: string): number {
  if ([STACK_LINE, ERROR_PROPERTY, ADVICE_LINE].some((noise) => noise.test(text))) return STACK;
  if (WARNING_LINE.test(text)) return PLAIN;
  if (/^\s*usage\b/iu.test(text)) return USAGE;
  if (OPTION_LINE.test(text)) return PLAIN;
  if (DEMANDS.test(text)) return DEMAND;
  return FAULTS.test(text) ? FAULT : PLAIN;
}

interface QuoteOptions {
  /** It has ended by itself, so that its last line counts, whatever it says. */
  readonly hasEnded: boolean;
  /** It has worked before: what it printed when it started is no cause of its end. */
  readonly wasReady: boolean;
}

/**
 * Returns the line of an excerpt that says best why a process failed; undefined for none. Of a start, the first line that
 * demands something comes before the last that reports an error, as the outermost of a chain in Python is.
 */
export function quoteOf(lines: readonly string[], { hasEnded, wasReady }: QuoteOptions): string | undefined {
  const plain = (wasReady ? lines.slice(lines.lastIndexOf(GAP) + 1) : lines)
    .filter((line) => line !== GAP)
    .map((line) => (line.startsWith(STDOUT) ? line.slice(STDOUT.length) : line))
    .filter((line) => weightOf(line) > STACK)
    .slice(wasReady ? -RECENT : 0);
  const demand = wasReady ? undefined : plain.find((line) => weightOf(line) === DEMAND);
  const best = demand ?? plain.findLast((line) => weightOf(line) >= FAULT);
  if (best !== undefined) return best.trim();
  const isSaying = (line: string): boolean => weightOf(line) === PLAIN && line.trim() !== '';
  return hasEnded ? plain.findLast(isSaying)?.trim() : undefined;
}

/** Lines before its end, without those of stacks, in which a process that worked may say why it ends. */
const RECENT = 10;
