import { Agent, request } from 'node:http';

/** An answer as it came, whole. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One call after the other. */
export interface BusyCallers {
  /** How many calls were answered in whole. */
  readonly answered: number;
  /** What was not as it should be: an answer that the judge refused, or a connection that broke under a call. */
  readonly broken: readonly string[];
  /** Calls for which there was nobody to connect to. */
  readonly refused: number;
  /** Begins no further call, and waits for those under way. */
  stop(): Promise<void>;
}

export interface BusyCall {
  readonly url: string;
  readonly token: string;
  readonly body?: string | undefined;
  /** @returns what is wrong with the answer. */
  judge(answer: Answered): string | undefined;
}

/**
 * A number of callers that keep their connections busy: each begins the next call as soon as the last byte of an answer is there.
 * A caller to whom nobody listens any more is done.
 */
export function startCallers(count: number, next: (turn: number) => BusyCall): BusyCallers {
  const broken: string[] = [];
  let answered = 0;
  let refused = 0;
  let stopping = false;
  let turns = 0;

  async function caller(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopping) {
      const call = next(turns++);
      try {
        const answer = await send(agent, call);
        const wrong = call.judge(answer);
        if (wrong === undefined) answered++;
        else broken.push(wrong);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') {
          refused++;
          break;
        }
        broken.push(`${call.url}: ${String(error)}`);
      }
    }
    agent.destroy();
  }
  const all = Promise.all(Array.from({ length: count }, caller));
  return {
    get answered() {
      return answered;
    },
    broken,
    get refused() {
      return refused;
    },
    async stop() {
      stopping = true;
      await all;
    },
  };
}

function send(agent: Agent, { url, token, body }: BusyCall): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const call = request(url, { agent, method, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => (text += piece));
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      answer.once('error', reject);
    });
    call.once('error', reject);
    call.end(body);
  });
}
