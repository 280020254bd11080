// Serial queue of events: each is handled to its end before the next, also when handling one sends another.

interface SerialQueue<T> {
  /** Handled before it returns, unless one is being handled: then right after it. */
  send(event: T): void;
  /** Puts it before all that wait. */
  sendFirst(event: T): void;
}

export function createSerialQueue<T>(handle: (event: T) => void): SerialQueue<T> {
  const waiting: T[] = [];
  let isWorking = false;

  function work(): void {
    if (isWorking) return;
    isWorking = true;
    try {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) handle(event);
    } finally {
      isWorking = false;
    }
  }

  return {
    send(event) {
      waiting.push(event);
      work();
    },
    sendFirst(event) {
      waiting.unshift(event);
      work();
    },
  };
}
