import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createListener } from '../../src/http/listener.ts';
import { milliseconds } from '../../src/model/units.ts';

async function socketPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'g.sock');
}

function listenerOn(path: string) {
  const listener = createListener({
    ...{ host: '127.0.0.1', port: 0, path },
    handle: (incoming, response) => response.end(`from ${incoming.socket.remoteAddress}`),
  });
  onTestFinished(() => listener.drain(milliseconds(0)));
  return listener;
}

async function get(path: string): Promise<string> {
  const call = request({ socketPath: path, path: '/', agent: false }).end();
  const [answer] = await once(call, 'response');
  let text = '';
  for await (const piece of answer) text += piece;
  return text;
}

it('serves a unix socket, whose callers have no address, and takes it away at the end', async () => {
  const path = await socketPath();
  const listener = listenerOn(path);
  expect(await listener.listen()).toBe(`unix:${path}`);
  expect(await get(path)).toBe('from undefined');
  await listener.drain(milliseconds(1_000));
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

it.each(['port', 'unix socket'])(
  'keeps a thousand callers of a %s waiting who come before it takes the first',
  async (way) => {
    const path = way === 'port' ? undefined : await socketPath();
    const listener = createListener({ host: '127.0.0.1', port: 0, path, handle: (_, response) => response.end() });
    onTestFinished(() => listener.drain(milliseconds(0)));
    const { port } = new URL(await listener.listen());
    const place = path === undefined ? { port: Number(port), host: '127.0.0.1' } : { path };
    // While this process waits for the callers it takes none of them. Whoever finds no room is told so, or hears nothing.
    const callers = `let [open, left] = [0, 1000];
    const done = () => { if (--left === 0) end(); };
    const end = () => { console.log(open); process.exit(); };
    setTimeout(end, 3000);
    for (let i = 0; i < 1000; i++) net.connect(${JSON.stringify(place)}).on('connect', () => { open++; done(); }).on('error', done);`;
    expect(execFileSync(process.execPath, ['-e', callers], { encoding: 'utf8' }).trim()).toBe('1000');
  },
);

it('takes the place of a socket that a killed process left behind', async () => {
  const path = await socketPath();
  const child = spawn(process.execPath, [
    '-e',
    `net.createServer().listen(${JSON.stringify(path)}, () => console.log())`,
  ]);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect((await stat(path)).isSocket()).toBe(true);
  await listenerOn(path).listen();
  expect(await get(path)).toBe('from undefined');
});

it('leaves a socket that somebody listens on, and a file that is none, alone', async () => {
  const path = await socketPath();
  await listenerOn(path).listen();
  await expect(listenerOn(path).listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(await get(path)).toBe('from undefined');
  const file = await socketPath();
  await writeFile(file, 'precious');
  await expect(listenerOn(file).listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect((await stat(file)).size).toBe(8);
});
