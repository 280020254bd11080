// The measures of a run, one after the other: each for itself, with its time, and none takes others with it when it fails.
import { actFor, endOf } from './clean-up.mjs';
import { failed } from './rows.mjs';

/** Ms after which a measure that does not end is given up. */
const LONGEST = 12 * 60_000;

/**
 * Runs the measures of these names. A module is either { title, measure(options) -> rows }, or { title, begin(options) } where it mostly
 * waits: `begin` starts what must settle and returns { look(), finish() -> rows }. All that begin are begun together, when the first of
 * them comes: they settle side by side; each looks in its turn, and ends then what it has started; `finish` may use the machine again.
 *
 * @param onResult called after each with { name, title, rows, took }: seconds, null for those that settled together
 */
export async function runMeasures(names, { modules, options, onResult, say }) {
  const together = names.filter((name) => modules[name].begin !== undefined);
  let settled = null;
  for (const name of names) {
    const { title } = modules[name];
    const since = performance.now();
    let rows;
    if (together.includes(name)) {
      settled ??= await settleTogether(together, { modules, options, say });
      rows = settled.get(name);
    } else {
      say(`measuring ${name}…`);
      rows = await attempt(name, () => modules[name].measure(options), say);
      await endOf(name);
    }
    const took = together.length > 1 && together.includes(name) ? null : secondsSince(since);
    if (took !== null) say(`${name} took ${took} s`);
    onResult({ name, title, rows, took });
  }
}

/** @returns rows by name */
async function settleTogether(names, { modules, options, say }) {
  say(`measuring ${names.join(', ')}, which settle together…`);
  const since = performance.now();
  const begun = new Map();
  // Whoever looks last settles longest, so it begins first.
  for (const name of names.toReversed()) {
    const one = await attempt(name, () => modules[name].begin(options), say);
    begun.set(name, one);
    if (Array.isArray(one)) await endOf(name);
  }
  const rows = new Map();
  for (const name of names) await goOn(name, 'look');
  for (const name of names) {
    rows.set(name, await goOn(name, 'finish'));
  }
  say(`${names.join(', ')} took ${secondsSince(since)} s`);
  return rows;

  /** What has failed stays so; and what it has started must not run beside the others. */
  async function goOn(name, part) {
    const one = begun.get(name);
    const next = Array.isArray(one) ? one : await attempt(name, () => one[part](), say);
    if (!Array.isArray(next)) return next;
    begun.set(name, next);
    await endOf(name);
    return next;
  }
}

/** What `act` returns; a list of one row that says why, where it throws or does not end. */
async function attempt(name, act, say) {
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${LONGEST / 60_000} minutes`)), LONGEST);
  });
  try {
    return await Promise.race([actFor(name, act), tooLong]);
  } catch (error) {
    say(`error: ${name}: ${error?.stack ?? error}`);
    return [failed(name, error)];
  } finally {
    clearTimeout(timer);
  }
}

function secondsSince(since) {
  return Math.round((performance.now() - since) / 1000);
}
