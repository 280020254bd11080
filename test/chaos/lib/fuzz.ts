// Fuzzer: changes the inputs of a corpus at random, and keeps in it, made smaller, what broke something.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../promql/support/random.ts';
import type { Chaos } from './chaos.ts';

export interface Target {
  /** Folder of its corpus below `test/chaos/corpus/`. */
  readonly corpus: string;
  /** What the input language is made of: inserted whole, so that more than its first check is reached. */
  readonly words: readonly string[];
  /** Longest input, bytes. */
  readonly longest?: number;
  /** Most processor time that one input may use, ms: time of the wall clock would be that of other processes too. */
  readonly budget?: number;
  /** Takes an input; throws where a promise is broken. */
  readonly take: (input: Buffer) => void | Promise<void>;
}

const CORPUS = fileURLToPath(new URL('../corpus/', import.meta.url));
/** Inputs of one target in one round. */
const BATCH = 25;
/** A run that finds more is broken in one way, and each input only says it again. */
const MOST_FINDINGS = 5;

/** Takes each corpus as it is, then changed inputs, target after target, for as many rounds as the run has. */
export async function fuzz(chaos: Chaos, targets: readonly Target[]): Promise<void> {
  const fuzzers = [];
  // One after the other: the processor time of an input is measured.
  for (const target of targets) fuzzers.push(await replay(chaos, target));
  for (const _round of chaos.rounds())
    for (const { target, inputs } of fuzzers)
      for (let turn = 0; turn < BATCH && chaos.violations.length < MOST_FINDINGS; turn += 1) {
        const input = changed(inputs, target, chaos.random);
        const fault = await tried(target, input);
        chaos.count(`inputs of ${target.corpus}`);
        if (fault !== null) chaos.violated(`${await kept(target, input, chaos.isLong)}: ${fault}`);
      }
}

async function replay(
  chaos: Chaos,
  target: Target,
): Promise<{ readonly target: Target; readonly inputs: readonly Buffer[] }> {
  const corpus = corpusOf(target.corpus);
  if (corpus.size === 0) throw new Error(`The corpus ${target.corpus} is empty`);
  for (const [name, input] of corpus) {
    const fault = await tried(target, input);
    chaos.count('inputs of the corpus');
    if (fault !== null) chaos.violated(`corpus/${target.corpus}/${name}: ${fault}`);
  }
  return { target, inputs: [...corpus.values()] };
}

/** Inputs by file name. */
function corpusOf(name: string): Map<string, Buffer> {
  const folder = join(CORPUS, name);
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  return new Map(files.map((file) => [file, readFileSync(join(folder, file))]));
}

/** Why the input is a finding; null when all is well. */
async function tried({ take, budget = 1500 }: Target, input: Buffer): Promise<string | null> {
  const before = process.cpuUsage();
  try {
    await take(input);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 600) : String(error);
  }
  const { user, system } = process.cpuUsage(before);
  const used = Math.round((user + system) / 1000);
  return used > budget ? `it used ${used} ms of the processor, of at most ${budget}` : null;
}

/** Makes a finding smaller and, in a long run, puts it into the corpus. @returns how to name it */
async function kept(target: Target, input: Buffer, isLong: boolean): Promise<string> {
  const small = await shrunk(target, input);
  if (!isLong)
    return `input ${JSON.stringify(small.subarray(0, 400).toString('latin1'))} (${small.length} bytes)`;
  const name = `found-${createHash('sha256').update(small).digest('hex').slice(0, 12)}`;
  mkdirSync(join(CORPUS, target.corpus), { recursive: true });
  writeFileSync(join(CORPUS, target.corpus, name), small);
  return `corpus/${target.corpus}/${name}`;
}

/** Cuts pieces out, ever smaller ones, as long as it stays a finding. */
async function shrunk(target: Target, input: Buffer): Promise<Buffer> {
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size >= 1; size >>= 1)
    for (let from = 0; from < best.length && tries < 150; tries += 1) {
      const without = Buffer.concat([best.subarray(0, from), best.subarray(from + size)]);
      if ((await tried(target, without)) === null) from += size;
      else best = without;
    }
  return best;
}

function changed(corpus: readonly Buffer[], { words, longest = 65_536 }: Target, random: Random): Buffer {
  let input = random.pick(corpus);
  for (let change = random.below(4); change >= 0; change -= 1) {
    const mutate = random.pick(MUTATIONS);
    input = mutate(input, { random, words, corpus });
  }
  return input.subarray(0, longest);
}

interface Material {
  readonly random: Random;
  readonly words: readonly string[];
  readonly corpus: readonly Buffer[];
}

type Mutation = (input: Buffer, material: Material) => Buffer;

const NUMBERS = ['0', '-1', '1e999', '-0', '9007199254740993', '4294967296', '0x10', '1.5', 'NaN', '00'];
const SIGNS = [
  '\0',
  '\n',
  '\r\n',
  '\r',
  '"',
  "'",
  '\\',
  '\u{1F415}',
  '\u2028',
  '\uFEFF',
  '\u202E',
  '\x1B[2J',
  '\t',
  ' ',
];

const MUTATIONS: readonly Mutation[] = [
  // One bit.
  (input, { random }) => {
    const copy = Buffer.from(input);
    const at = random.below(Math.max(1, copy.length));
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    return copy;
  },
  // A piece less.
  (input, { random }) => {
    const [from, to] = piece(input, random);
    return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
  },
  // A piece many times.
  (input, { random }) => {
    const [from, to] = piece(input, random);
    const times = random.pick([2, 3, 17, 300]);
    const part = input.subarray(from, to);
    return Buffer.concat([
      input.subarray(0, to),
      ...Array.from({ length: times }, () => part),
      input.subarray(to),
    ]);
  },
  // A word of the language, once or often.
  (input, { random, words }) => {
    const times = random.pick([1, 1, 1, 1, 2, 50, 5000]);
    return inserted(input, Buffer.from(random.pick(words).repeat(times)), random);
  },
  (input, { random, words }) => inserted(input, Buffer.from(random.pick(words)), random),
  (input, { random }) => inserted(input, Buffer.from(random.pick(SIGNS)), random),
  // Another number.
  (input, { random }) =>
    Buffer.from(
      input
        .toString('latin1')
        .replace(/\d+/u, (digits) => (random.chance(0.7) ? random.pick(NUMBERS) : digits)),
      'latin1',
    ),
  // The end of another input.
  (input, { random, corpus }) => {
    const other = random.pick(corpus);
    const [from] = piece(other, random);
    const [at] = piece(input, random);
    return Buffer.concat([input.subarray(0, at), other.subarray(from)]);
  },
  // Any bytes.
  (input, { random }) =>
    inserted(input, Buffer.from(Array.from({ length: random.below(20) }, () => random.below(256))), random),
];

function inserted(input: Buffer, part: Buffer, random: Random): Buffer {
  const at = random.below(input.length + 1);
  return Buffer.concat([input.subarray(0, at), part, input.subarray(at)]);
}

function piece(input: Buffer, random: Random): [from: number, to: number] {
  const from = random.below(input.length + 1);
  return [from, Math.min(input.length, from + random.below(64))];
}
