import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that breaks: between the gateway and any dependency (Redis, a Sentinel, a directory, an upstream). It passes bytes
 * until it is told to misbehave, can be switched while connections are open, and never reads what it passes.
 */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Takes what is given over from what was set before; everything else stays. Applies to open connections at once. */
  set(faults: Partial<Faults>): void;
  /** Without faults again. What a black hole has swallowed does not come back; what latency holds arrives. */
  heal(): void;
  /** Ends open connections in an orderly way (FIN to both sides). New ones are taken. */
  cut(which?: Which): void;
  /** Breaks open connections off (RST to both sides). New ones are taken. */
  reset(which?: Which): void;
  /** How many connections are open, and how many there have been. */
  connections(): { readonly open: number; readonly total: number };
  close(): Promise<void>;
}

/** Chooses connections by what the client wrote first, up to 4 KiB of it: the way to tell connections of one client apart. */
export type Which = (opening: string) => boolean;

export interface Faults {
  /** Which connections the faults below apply to; decided again at each change. */
  which: Which;
  /** Every piece of bytes is held for so long, in each direction it applies to. Milliseconds. */
  latency: number;
  /** Bytes per second and direction; 0: unbounded. */
  bandwidth: number;
  /** Pieces of at most so many bytes, each in a packet of its own; 0: as they come. */
  slice: number;
  /** Bytes of these directions are read and lost. Both: a black hole, in which connections seem alive for ever. */
  swallow: 'nothing' | 'requests' | 'answers' | 'everything';
  /** New connections: taken; taken and reset at once; or taken and never connected to the target. */
  accept: 'yes' | 'reset' | 'hang';
  /** The end of one side is not told to the other, which is left half-open. */
  halfOpen: boolean;
}

const SOUND: Faults = {
  which: () => true,
  latency: 0,
  bandwidth: 0,
  slice: 0,
  swallow: 'nothing',
  accept: 'yes',
  halfOpen: false,
};

const OPENING_BYTES = 4_096;

/** @param target where healthy bytes go; asked for each new connection, so that it may move. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen();
  return proxy;
}

class TcpProxy implements FaultProxy {
  readonly host = '127.0.0.1';
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #faults: Faults = SOUND;
  #total = 0;

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#take(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  async listen(): Promise<void> {
    this.#server.listen(0, this.host);
    await once(this.#server, 'listening');
  }

  set(faults: Partial<Faults>): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  heal(): void {
    this.#faults = SOUND;
  }

  cut(which: Which = () => true): void {
    for (const pair of this.#pairs) if (which(pair.opening)) pair.cut();
  }

  reset(which: Which = () => true): void {
    for (const pair of this.#pairs) if (which(pair.opening)) pair.reset();
  }

  connections(): { readonly open: number; readonly total: number } {
    return { open: this.#pairs.size, total: this.#total };
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.reset();
    await closed;
  }

  #take(client: Socket): void {
    this.#total += 1;
    if (this.#faults.accept === 'reset') {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(
      client,
      this.#faults.accept === 'hang' ? undefined : connect({ ...this.#target, allowHalfOpen: true, noDelay: true }),
      (opening) => (this.#faults.which(opening) ? this.#faults : SOUND),
    );
    this.#pairs.add(pair);
    pair.whenOver(() => this.#pairs.delete(pair));
  }
}

/** One connection from the client and the one to the target that belongs to it. */
class Pair {
  opening = '';
  readonly #sockets: readonly Socket[];

  constructor(client: Socket, server: Socket | undefined, faultsOf: (opening: string) => Faults) {
    this.#sockets = server ? [client, server] : [client];
    const faults = (): Faults => faultsOf(this.opening);
    client.on('data', (bytes: Buffer) => {
      if (this.opening.length < OPENING_BYTES) this.opening += bytes.toString('latin1').slice(0, OPENING_BYTES);
    });
    for (const socket of this.#sockets) {
      socket.on('error', () => {
        if (!faults().halfOpen) this.reset();
      });
    }
    if (server === undefined) {
      client.resume();
      return;
    }
    pass(client, server, faults, 'requests');
    pass(server, client, faults, 'answers');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('close', () => {
        if (!faults().halfOpen) other.destroy();
      });
    }
  }

  whenOver(tell: () => void): void {
    let open = this.#sockets.length;
    for (const socket of this.#sockets) {
      socket.on('close', () => {
        open -= 1;
        if (open === 0) tell();
      });
    }
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroySoon();
  }

  reset(): void {
    for (const socket of this.#sockets) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

/** Passes bytes and their end in order, each piece as late as the faults of that moment want. */
function pass(from: Socket, to: Socket, faults: () => Faults, direction: 'requests' | 'answers'): void {
  /** What is held, in order: timers of different lengths do not keep theirs. */
  const held: { readonly due: number; readonly act: () => void }[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Monotonic time at which the last piece is through: what comes behind it cannot be earlier. */
  let free = 0;

  function release(): void {
    timer = undefined;
    while (held[0] !== undefined && held[0].due <= performance.now()) held.shift()?.act();
    const [next] = held;
    if (next !== undefined) timer = setTimeout(release, Math.max(1, next.due - performance.now())).unref();
  }

  function schedule(bytes: number, act: () => void): void {
    const { latency, bandwidth } = faults();
    const start = Math.max(performance.now() + latency, free);
    free = bandwidth > 0 ? start + (bytes / bandwidth) * 1_000 : start;
    held.push({ due: free, act });
    // Without a wait and with nothing before it a piece goes at once, so that a sound proxy costs next to nothing.
    if (timer === undefined) release();
  }

  from.on('data', (all: Buffer) => {
    const { slice, swallow } = faults();
    if (swallow === 'everything' || swallow === direction) return;
    const size = slice > 0 ? slice : all.length;
    for (let at = 0; at < all.length; at += size) {
      const piece = all.subarray(at, at + size);
      schedule(piece.length, () => {
        if (!to.writable) return;
        if (to.write(piece)) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
    }
  });
  from.on('end', () => {
    if (faults().halfOpen) return;
    schedule(0, () => to.end());
  });
}
