import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Node } from './stage.ts';

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Milliseconds after which the caller goes away, in the middle of whatever is under way. */
  readonly leaveAfter?: number;
}

export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** Milliseconds; longer than anything that the gateway may take. */
const PATIENCE = 15_000;

/** Callers of gateways, who keep connections as apps do, and hide none of their troubles. */
export class Caller {
  // Shorter than the gateway keeps idle connections: a call must not meet the end of its own.
  #agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: PATIENCE });

  /** @throws Error with a `code` when the connection broke. */
  async ask({ gatehouse }: Node, asked: Asked): Promise<Answered> {
    const answer = await this.begin(gatehouse.url, asked);
    return { status: answer.statusCode ?? 0, body: await text(answer) };
  }

  /** @returns an answer whose body is still to come. */
  begin(origin: string, { method = 'GET', path, token, headers, body, leaveAfter }: Asked): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const asking = request(
        origin + path,
        { method, agent: this.#agent, timeout: PATIENCE, headers: { ...authorization, ...headers } },
        resolve,
      );
      asking.on('error', reject);
      asking.on('timeout', () => asking.destroy(Object.assign(new Error('no answer'), { code: 'NO_ANSWER' })));
      if (leaveAfter !== undefined) setTimeout(() => asking.destroy(), leaveAfter);
      asking.end(body);
    });
  }

  /** Ends the connections that are idle, as apps do that have nothing to ask. */
  rest(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: PATIENCE });
  }
}

/** An address of somebody else each time: failures are counted by address. */
export function anyAddress(): string {
  const part = () => Math.floor(Math.random() * 254) + 1;
  return `10.${part()}.${part()}.${part()}`;
}
