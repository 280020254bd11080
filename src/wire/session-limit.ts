// Servers that take one session at a time, by the words in which they refuse another.

/** `many`: a client gets one beside ours. `freed`, `taken`: it gets none; ending ours helped, or did not. */
export type SessionRoom = 'many' | 'freed' | 'taken' | 'unknown';

// "Invalid Request: Server already initialized" is the SDK's; the others are of servers that count sessions themselves.
const ONE_SESSION =
  /already (?:been )?(?:initiali[sz]ed|connected|in use)|(?:only|at most) (?:one|1|a single) (?:session|client|connection)|(?:session|client|connection) already (?:exists|active|connected|established)|(?:another|existing) (?:session|client) (?:is|already)/iu;

/** Tells whether the text refuses a session because there is one. */
export function isAboutOneSession(text: string): boolean {
  return ONE_SESSION.test(text);
}
