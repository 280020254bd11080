// Keys of a terminal: escape sequences of arrows and the like as names, everything else as the character.
import type { Clock } from '../../system/time/clock.ts';

/** Ms after which an escape character alone was the Escape key, not the beginning of a sequence. */
const ESCAPE_WAIT = 60;

const SEQUENCES: Readonly<Record<string, string>> = {
  '[A': 'up',
  '[B': 'down',
  '[C': 'right',
  '[D': 'left',
  OA: 'up',
  OB: 'down',
  OC: 'right',
  OD: 'left',
  '[5~': 'pageup',
  '[6~': 'pagedown',
  '[H': 'home',
  '[F': 'end',
  '[1~': 'home',
  '[4~': 'end',
};

const NAMES: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\u007F': 'backspace',
  '\b': 'backspace',
};

/** Creates a function that takes single characters; `onKey` gets `up`, `escape`, `enter` and so on, or the character. */
export function createKeyReader(clock: Clock, onKey: (key: string) => void): (character: string) => void {
  /** What came after an escape character; null while there was none. */
  let sequence: string | null = null;
  let cancel = (): void => {};

  function flush(): void {
    cancel();
    if (sequence === null) return;
    const known = SEQUENCES[sequence];
    const rest = sequence;
    sequence = null;
    if (known !== undefined) onKey(known);
    else if (rest === '') onKey('escape');
  }

  return (character) => {
    if (character === '\u001B') {
      flush();
      sequence = '';
      cancel = clock.after(ESCAPE_WAIT, flush);
      return;
    }
    if (sequence === null) return onKey(NAMES[character] ?? character);
    sequence += character;
    // A sequence ends with a letter or `~`; what is not known is dropped.
    if (sequence in SEQUENCES || (/[A-Za-z~]$/u.test(sequence) && !/^[[O]$/u.test(sequence))) flush();
  };
}
