// Session of this tab: its key is bound to the port, which a cookie is not, and other tabs of this address get it from here.

/* eslint-disable unicorn/require-post-message-target-origin -- a BroadcastChannel reaches only this origin */
const NAME = 'mcp-watchdog-key';

export interface Session {
  key(): string | null;
  keep(key: string | null): void;
}

/** @param onChange another tab signed in, or its session ended */
export function openSession(onChange: () => void): Session {
  const channel = new BroadcastChannel(NAME);
  const key = (): string | null => sessionStorage.getItem(NAME);

  function store(value: string | null): void {
    if (value === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, value);
  }

  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data === 'ask' && key() !== null) channel.postMessage({ key: key() });
    if (typeof data !== 'object' || data === null || !('key' in data)) return;
    const told = data.key;
    if (typeof told !== 'string' || told === key()) return;
    store(told);
    onChange();
  });
  if (key() === null) channel.postMessage('ask');
  return {
    key,
    keep(value) {
      store(value);
      if (value !== null) channel.postMessage({ key: value });
    },
  };
}
