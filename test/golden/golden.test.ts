import { readdir, readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoConfig } from '../support/demo_config.ts';
import { type GatehouseProcess, startGatehouse } from '../support/gatehouse_process.ts';
import { filled, type HttpPair, lineEndingIn, matched, readHttpFile } from './http_file.ts';

/** Every documented example, as request and answer in a file that can be read as documentation, played against the real process. */

const folder = 'test/golden';
const files = (await readdir(folder)).filter((name) => name.endsWith('.http'));

describe.each(files)('%s', async (name) => {
  const { config, pairs } = readHttpFile(await readFile(`${folder}/${name}`, 'utf8'));
  const known = new Map<string, string>();
  let gatehouse: GatehouseProcess;
  beforeAll(async () => {
    gatehouse = await startGatehouse(await demoConfig('{ type: memory }', '', config));
  });
  afterAll(() => gatehouse.stop());

  it.each(pairs)('$title', async (pair) => {
    for (let count = 1; count < pair.repeat; count++) await send(gatehouse.url, pair, known);
    compare(await send(gatehouse.url, pair, known), pair, known);
    if (pair.printed !== undefined) {
      const pattern = lineEndingIn(pair.printed);
      const [line = ''] = pattern.exec(await gatehouse.line(pattern)) ?? [];
      for (const [name, value] of matched(pair.printed, line) ?? []) known.set(name, value);
    }
  });
});

interface Answer {
  readonly start: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Not by `fetch`, which would not send the `Host` of the file. */
async function send(url: string, { request }: HttpPair, known: ReadonlyMap<string, string>): Promise<Answer> {
  const [method, target = ''] = request.start.split(' ');
  const headers = Object.fromEntries(request.headers.map(([key, value]) => [key, filled(value, known)]));
  const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
  const body = isForm
    ? filled(request.body.replaceAll('\n', ''), known, encodeURIComponent)
    : filled(request.body, known);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const it = httpRequest(new URL(filled(target, known, encodeURIComponent), url), { method, headers, agent: false });
    it.on('response', resolve).on('error', reject).end(body);
  });
  const raw = await text(response);
  const isJson = response.headers['content-type']?.startsWith('application/json');
  return {
    start: `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`,
    headers: response.headers,
    body: isJson ? JSON.stringify(JSON.parse(raw), null, 2) : raw.trim(),
  };
}

/** From top to bottom, so that the body can name what a header had. Keeps what the patterns matched, for later pairs. */
function compare(actual: Answer, { answer }: HttpPair, known: Map<string, string>): void {
  expect(actual.start, actual.body).toBe(answer.start);
  for (const [key, value] of answer.headers) {
    const sent = actual.headers[key];
    if (value === '<none>') expect(sent, key).toBeUndefined();
    else expect(`${key}: ${sent}`).toMatchText(`${key}: ${filled(value, known)}`, known);
  }
  expect(actual.body).toMatchText(filled(answer.body, known), known);
}

declare module 'vitest' {
  interface Matchers {
    toMatchText(expected: string, known: Map<string, string>): void;
  }
}

expect.extend({
  toMatchText(actual: string, expected: string, known: Map<string, string>) {
    const found = matched(expected, actual);
    for (const [name, value] of found ?? []) known.set(name, value);
    return {
      pass: found !== undefined,
      message: () => 'the answer is not the one in the file',
      actual,
      expected,
    };
  },
});
