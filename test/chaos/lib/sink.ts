// The person: a webhook that notes each word about an alert, and whether the watchdog lived to hear that it was taken.
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { portOf } from '../../fixtures/start.ts';
import type { Random } from '../../promql/support/random.ts';

export interface Word {
  readonly server: string;
  readonly status: string;
  /** Ms since the epoch. */
  readonly at: number;
  /** When the answer was written; null when the connection broke before. */
  answeredAt: number | null;
}

export interface Sink {
  readonly url: string;
  /** In the order of their coming, repetitions included. */
  readonly words: readonly Word[];
}

/** Opens it; each answer takes up to `slowest` ms. */
export async function openSink(random: Random, slowest: number): Promise<Sink> {
  const words: Word[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      // eslint-disable-next-line typescript/no-unsafe-type-assertion -- the standard body of our webhook
      const { alerts } = (await json(request)) as { alerts: { server: string; status: string }[] };
      const taken = alerts.map(({ server: about, status }): Word => {
        return { server: about, status, at: Date.now(), answeredAt: null };
      });
      words.push(...taken);
      await sleep(random.below(slowest));
      if (request.socket.destroyed) return;
      response.end();
      for (const word of taken) word.answeredAt = Date.now();
    })().catch(() => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server)}/`, words };
}

/** Two words in a row that an alert fires. */
export interface Double {
  readonly first: Word;
  readonly second: Word;
}

export function doublesIn(words: readonly Word[]): Double[] {
  const last = new Map<string, Word>();
  return words.flatMap((second) => {
    const first = last.get(second.server);
    last.set(second.server, second);
    return first?.status === 'firing' && second.status === 'firing' ? [{ first, second }] : [];
  });
}
