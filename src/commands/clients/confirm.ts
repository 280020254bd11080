// Question that is answered with one key.
import type { CommandIo } from '../shared/command.ts';

/** Asks on the terminal; only `y` is a yes. @returns null where nobody can answer */
export function confirm(
  { err, onKey }: Pick<CommandIo, 'err' | 'onKey'>,
  question: string,
): Promise<boolean> | null {
  let release: (() => void) | null = null;
  let answer: (isYes: boolean) => void = () => {};
  const answered = new Promise<boolean>((resolve) => (answer = resolve));
  release = onKey((key) => {
    const isYes = key.toLowerCase() === 'y';
    release?.();
    err.write(isYes ? 'y\n' : 'n\n');
    answer(isYes);
  });
  if (release === null) return null;
  err.write(`${question} [y/N] `);
  return answered;
}
