// Reader of server-sent events: text as it comes in, messages out.

export interface SentEvent {
  readonly name: string;
  readonly data: string;
}

/** Splits a stream into its events; what is not complete waits for more. A comment is an event without data. */
export function createEventReader(): (chunk: string) => SentEvent[] {
  let rest = '';
  return (chunk) => {
    const blocks = (rest + chunk).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    return blocks.map(readBlock);
  };
}

function readBlock(block: string): SentEvent {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const [field, value] =
      colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /u, '')];
    if (field === 'event') name = value;
    if (field === 'data') data.push(value);
  }
  return { name, data: data.join('\n') };
}
