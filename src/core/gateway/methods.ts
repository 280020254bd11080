// Methods of the protocol, by what a second request of the same kind would do.

/** Requests that change nothing at the server, or nothing that asking twice would change. */
export const READS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
]);

/** Of a session's own bookkeeping: a second one of the same leaves it as it is. */
export const BOOKKEEPING: ReadonlySet<string> = new Set([
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);
