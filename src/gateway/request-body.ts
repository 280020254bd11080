// Body of a request as text, bounded by itself and together with all others.
import type { BodyBudget } from './bounds/body-budget.ts';
import type { BodyTaker, GatewayRequest } from './gateway-request.ts';

/** One for all requests, each of which is an `Exchange`. */
export interface BodyOptions<Exchange> {
  readonly budget: BodyBudget;
  /** Longest body, bytes. */
  readonly limit: () => number;
  readonly onText: (exchange: Exchange, text: string) => void;
  /** Called when the body is too long, or no memory is left for it; what follows of it is not read here. */
  readonly onRefused: (exchange: Exchange, why: 'too-large' | 'busy') => void;
}

/** Reads the body of a request of which nothing has been read; a client that leaves before its end is not told of. */
export function readBody<Exchange extends { readonly request: GatewayRequest }>(
  exchange: Exchange,
  options: BodyOptions<Exchange>,
): void {
  exchange.request.takeBody(new RequestBody(exchange, options));
}

/** An object for each request, with its methods shared, costs less than as many closures. */
class RequestBody<Exchange extends { readonly request: GatewayRequest }> implements BodyTaker {
  readonly #exchange: Exchange;
  readonly #options: BodyOptions<Exchange>;
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #bytes = 0;

  constructor(exchange: Exchange, options: BodyOptions<Exchange>) {
    this.#exchange = exchange;
    this.#options = options;
  }

  take(chunk: Buffer): void {
    const { budget, limit } = this.#options;
    this.#bytes += chunk.length;
    const hasRoom = budget.take(chunk.length);
    const isTooLarge = this.#bytes > limit();
    if (isTooLarge || !hasRoom) {
      this.#exchange.request.leaveBody();
      this.gone();
      this.#options.onRefused(this.#exchange, isTooLarge ? 'too-large' : 'busy');
    } else if (this.#first === null) this.#first = chunk;
    else if (this.#more === null) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
  }

  ended(): void {
    const body = this.#more === null ? this.#first : Buffer.concat(this.#more);
    this.gone();
    this.#options.onText(this.#exchange, body === null ? '' : body.toString());
  }

  gone(): void {
    this.#options.budget.give(this.#bytes);
    this.#bytes = 0;
    this.#first = null;
    this.#more = null;
  }
}
