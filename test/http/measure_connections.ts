/*
 * How much memory an idle connection costs the gateway: opens so many (10,000 unless told), each kept alive after an answer, sees
 * what the process has grown by, and has each answered once more.
 *
 *   node test/http/measure_connections.ts [count] [more keys of listen, such as "fast_lane: false"]
 */
import { readFile } from 'node:fs/promises';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { type RawClient, rawClient } from '../support/raw_client.ts';

const count = Number(process.argv[2] ?? 10_000);
const GET = 'GET /open/x HTTP/1.1\r\nHost: a\r\n\r\n';

const gatehouse = await startGatehouse(`
listen: { port: 0${process.argv[3] === undefined ? '' : `, ${process.argv[3]}`} }
admin: { port: 0 }
store: { type: memory }
routes: [{ name: open, path: /open/*, upstream: demo, auth: none }]
`);
const port = Number(new URL(gatehouse.url).port);

async function memory(): Promise<number> {
  const status = await readFile(`/proc/${gatehouse.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** Asks on every connection, a hundred at a time. @returns how many were answered 200. */
async function askAll(clients: readonly RawClient[]): Promise<number> {
  let answered = 0;
  for (let from = 0; from < clients.length; from += 100) {
    const some = clients.slice(from, from + 100);
    for (const client of some) client.send(GET);
    const answers = await Promise.all(some.map((client) => client.response()));
    answered += answers.filter(({ status }) => status === 200).length;
  }
  return answered;
}

// The first calls of a process cost memory that is no connection's.
const first = rawClient(port);
for (let call = 0; call < 2_000; call++) await askAll([first]);
const before = await memory();
const clients: RawClient[] = [];
let once = 0;
while (clients.length < count) {
  const some = Array.from({ length: 100 }, () => rawClient(port));
  clients.push(...some);
  once += await askAll(some);
}
const after = await memory();
const twice = await askAll(clients);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`${count} connections: answered ${once} and again ${twice}`);
say(`memory ${mib(before)} -> ${mib(after)}: ${((after - before) / count / 1000).toFixed(1)} KB each`);
for (const client of [first, ...clients]) client.close();
process.exitCode = once === count && twice === count ? 0 : 1;
await gatehouse.stop();

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
