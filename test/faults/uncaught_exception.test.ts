/**
 * The threat: an error that nobody foresaw. Going on after it would be guessing, so the process ends with a code that a supervisor
 * sees; and whoever reads the last lines must not find in them what the error choked on.
 */
import { describe, expect, it } from 'vitest';
import { startGatehouse } from '../support/gatehouse_process.ts';
import { call } from '../support/token_client.ts';

const SECRET = 'canary-5b0e1c9d77';
const CONFIG = `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
routes: [{ name: demo, path: /demo/*, upstream: demo }]
`;

/** A gateway in which this happens as soon as it is sent SIGUSR2. @param deed JavaScript. */
function startWith(deed: string) {
  const preload = `process.on("SIGUSR2", () => { ${deed} })`;
  // Not written out in the deed, whose source is the name of its file and stands in every frame.
  const env = { CANARY: SECRET, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` };
  return startGatehouse(CONFIG, env);
}

describe.each([
  ['an exception', 'uncaught_exception', 'throw new TypeError("no " + process.env.CANARY)', 'TypeError'],
  ['a rejection', 'unhandled_rejection', 'Promise.reject(new RangeError("no " + process.env.CANARY))', 'RangeError'],
  ['something that is no error', 'uncaught_exception', 'throw process.env.CANARY', 'string'],
  ['a cause', 'uncaught_exception', 'throw new Error("x", { cause: new Error(process.env.CANARY) })', 'Error'],
  ['members', 'uncaught_exception', 'throw Object.assign(new Error("x"), { args: [process.env.CANARY] })', 'Error'],
  [
    'a message like a frame',
    'uncaught_exception',
    'throw new Error("x\\n    at " + process.env.CANARY + " (a:1:1)")',
    'Error',
  ],
  [
    'a message that was changed afterwards',
    'uncaught_exception',
    'const error = new Error("x\\n    at " + process.env.CANARY); error.message = "y"; throw error',
    'Error',
  ],
])('%s that nobody catches', (_, event, deed, error) => {
  it('is told without its message, and ends the process with 1', async () => {
    const gatehouse = await startWith(deed);
    expect((await call(gatehouse.url, 'none')).status).toBe(401);
    gatehouse.signal('SIGUSR2');
    expect(await gatehouse.exited).toBe(1);
    const line: unknown = JSON.parse(await gatehouse.line(/"level":"fatal"/));
    expect(line).toMatchObject({ event, error });
    expect(gatehouse.output()).not.toContain(SECRET);
  });
});

it('tells where it happened', async () => {
  const gatehouse = await startWith('JSON.parse("{")');
  gatehouse.signal('SIGUSR2');
  expect(await gatehouse.exited).toBe(1);
  const { stack } = JSON.parse(await gatehouse.line(/"level":"fatal"/)) as { stack: string[] };
  expect(stack[0]).toMatch(/^\s+at JSON\.parse/);
});
