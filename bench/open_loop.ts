import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

/**
 * A load generator that asks at a steady rate whether or not answers come, each call on a connection that is free at that moment.
 * So a slow answer delays no later question, and cannot hide what it did to them (coordinated omission). Run as a program it prints
 * the latencies as JSON.
 */
export interface Latencies {
  /** Milliseconds, from the first byte of the question to the last of the answer. */
  readonly p50: number;
  readonly p99: number;
  /** How far behind its timetable the generator itself was: its own trouble, not that of the answers. Milliseconds. */
  readonly lateP99: number;
  readonly count: number;
  readonly failed: number;
}

interface Task {
  readonly url: URL;
  readonly headers: readonly string[];
  /** Questions each second. */
  readonly rate: number;
  readonly seconds: number;
}

const END_OF_HEAD = '\r\n\r\n';

/** One kept connection and the question it waits for, if any. */
class Line {
  readonly #socket: Socket;
  readonly #question: Buffer;
  #askedAt = 0;
  #received = '';

  constructor({ url, headers }: Task, free: (line: Line, took: number) => void, failed: () => void) {
    const lines = [`GET ${url.pathname} HTTP/1.1`, `Host: ${url.host}`, ...headers];
    this.#question = Buffer.from(lines.join('\r\n') + END_OF_HEAD, 'latin1');
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.#socket.on('error', failed);
    this.#socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      if (!isWhole(this.#received)) return;
      const ok = this.#received.startsWith('HTTP/1.1 200');
      this.#received = '';
      if (ok) free(this, performance.now() - this.#askedAt);
      else failed();
    });
  }

  ask(): void {
    this.#askedAt = performance.now();
    this.#socket.write(this.#question);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function isWhole(answer: string): boolean {
  const head = answer.indexOf(END_OF_HEAD);
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1];
  return head >= 0 && answer.length >= head + END_OF_HEAD.length + Number(length ?? 0);
}

function ask(task: Task): Promise<Latencies> {
  const total = task.rate * task.seconds;
  const latencies: number[] = [];
  const late: number[] = [];
  const lines: Line[] = [];
  const free: Line[] = [];
  let [asked, failed] = [0, 0];

  return new Promise((resolve) => {
    const began = performance.now();
    const finish = (): void => {
      clearInterval(timer);
      for (const line of lines) line.close();
      resolve({ p50: at(latencies, 0.5), p99: at(latencies, 0.99), lateP99: at(late, 0.99), count: asked, failed });
    };
    const answered = (line: Line, took: number): void => {
      latencies.push(took);
      free.push(line);
    };
    const timer = setInterval(() => {
      const now = performance.now() - began;
      for (const due = Math.min(total, (now / 1000) * task.rate); asked < due; asked++) {
        let line = free.pop();
        if (!line) {
          line = new Line(task, answered, () => failed++);
          lines.push(line);
        }
        late.push(now - (asked * 1000) / task.rate);
        line.ask();
      }
      const over = now > (task.seconds + 5) * 1000;
      if (asked >= total && (latencies.length + failed >= total || over)) {
        failed = total - latencies.length;
        finish();
      }
    }, 1);
  });
}

function at(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      header: { type: 'string', multiple: true, default: [] },
      rate: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '5' },
    },
  });
  const url = new URL(positionals[0] ?? '');
  const task = { url, headers: values.header, rate: Number(values.rate), seconds: Number(values.seconds) };
  // Connections and compiled code first, and nothing of that is told.
  await ask({ ...task, seconds: 1 });
  console.log(JSON.stringify(await ask(task)));
}
