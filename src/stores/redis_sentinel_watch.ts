import type { Redis } from 'ioredis';

const ASK_EVERY_MS = 1_000;
const CHANNEL = '+switch-master';

interface Dependencies {
  /** One connection to each Sentinel. The watch owns them. */
  readonly sentinels: readonly Redis[];
  readonly master: string;
  /** Told each time a Sentinel has changed its mind about who the master is. */
  readonly switched: () => void;
}

/**
 * Notices a failover while the old master still answers. Sentinel lets a replaced master believe for some ten seconds that it
 * is one: who stays connected to it reads the past, and what he writes is lost.
 *
 * All Sentinels are watched, because they change their minds one after another, and a connection that asks one that has not
 * yet would be sent back to the old master. Each is listened to, and asked every second in case a message was lost.
 */
export class RedisSentinelWatch {
  readonly #it: Dependencies;
  readonly #views = new Map<Redis, string>();
  readonly #timer: NodeJS.Timeout;

  constructor(dependencies: Dependencies) {
    this.#it = dependencies;
    for (const sentinel of dependencies.sentinels) {
      sentinel.on('ready', () => void this.#subscribe(sentinel));
      sentinel.on('message', (_channel: string, text: string) => {
        // <name> <old host> <old port> <new host> <new port>
        const [name, , , host, port] = text.split(' ');
        if (name === dependencies.master) this.#saw(sentinel, `${host} ${port}`);
      });
    }
    this.#timer = setInterval(() => {
      for (const sentinel of dependencies.sentinels) void this.#ask(sentinel);
    }, ASK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    for (const sentinel of this.#it.sentinels) sentinel.disconnect();
  }

  async #subscribe(sentinel: Redis): Promise<void> {
    try {
      await sentinel.subscribe(CHANNEL);
      await this.#ask(sentinel);
    } catch {
      if (sentinel.status === 'ready') sentinel.disconnect(true);
    }
  }

  async #ask(sentinel: Redis): Promise<void> {
    if (sentinel.status !== 'ready') return;
    const answer = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#it.master).catch(() => undefined);
    if (Array.isArray(answer)) this.#saw(sentinel, answer.join(' '));
  }

  #saw(sentinel: Redis, view: string): void {
    const before = this.#views.get(sentinel);
    this.#views.set(sentinel, view);
    if (before !== undefined && before !== view) this.#it.switched();
  }
}
