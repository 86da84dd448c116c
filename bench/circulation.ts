import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CLIENT, SCOPE } from './gatehouse_process.ts';

/**
 * Tokens in circulation: written into Redis by the product's own issuer and store, by one process for each core. Run as a program it
 * is one of those processes.
 */
export interface Circulation {
  /** All tokens one after the other, each of `length` characters. */
  readonly file: string;
  readonly length: number;
  readonly count: number;
}

const USERS = 100_000;
/** Few enough that Redis answers all of them well within the 250 ms that the store waits. */
const AT_ONCE = 100;
/** For a moment in which Redis does not get its core. */
const TRIES = 10;

/** Issues `count` access tokens of many users. @param file where the tokens go; for the load generator, and for nobody else. */
export async function circulate(redis: string, count: number, file: string): Promise<Circulation> {
  const processes = availableParallelism();
  const share = Math.ceil(count / processes);
  const parts = Array.from({ length: processes }, (_, i) => `${file}.${i}`);
  await Promise.all(parts.map((part, i) => run([redis, String(Math.min(share, count - i * share)), part, String(i)])));
  for (const part of parts) await appendFile(file, await readFile(part));
  const length = (await readFile(file)).length / count;
  if (!Number.isInteger(length)) throw new Error('the tokens are not of one length');
  return { file, length, count };
}

async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [import.meta.filename, ...args], { stdio: 'inherit' });
  const endWithParent = () => child.kill('SIGKILL');
  process.once('exit', endWithParent);
  const [code] = await once(child, 'exit');
  process.off('exit', endWithParent);
  if (code !== 0) throw new Error(`issuing tokens ended with ${code}`);
}

async function issueAll(url: string, count: number, file: string, first: number): Promise<void> {
  const [{ redis }, { createIssuer }, { createTokenMarks }, { STANDARD_TOKENS }, { seconds }, { systemClock }] =
    await Promise.all([
      import('../src/stores/redis.ts'),
      import('../src/tokens/issuing.ts'),
      import('../src/tokens/token_marks.ts'),
      import('../src/model/token_policy.ts'),
      import('../src/model/units.ts'),
      import('../src/model/clock.ts'),
    ]);
  const backend = await redis.create(redis.options.parse({ url }), {
    clock: systemClock,
    directory: '.',
    report: () => undefined,
  });
  const lasting = seconds(24 * 60 * 60);
  const marks = createTokenMarks({ documents: backend.documents });
  const issuer = createIssuer({
    marks,
    store: backend.tokens,
    clock: systemClock,
    settings: { accessTtl: lasting, refreshTtl: lasting, codeTtl: lasting, refreshGrace: seconds(10) },
  });

  const issue = async (i: number): Promise<string> => {
    const subject = `u-${(i * 2 + first) % USERS}`;
    const user = { subject, username: subject, connection: 'users', roles: [] };
    const authorization = { client: CLIENT, user, scopes: [SCOPE], audience: [] };
    const order = { policy: STANDARD_TOKENS, authorization, scopes: [SCOPE], refreshable: false };
    for (let tries = 1; ; tries++) {
      try {
        return (await issuer.issue(order)).accessToken;
      } catch (error) {
        if (tries === TRIES) throw error;
        await delay(500);
      }
    }
  };
  const out = openSync(file, 'w', 0o600);
  for (let done = 0; done < count; done += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, i) => issue(done + i));
    writeSync(out, (await Promise.all(batch)).join(''));
  }
  closeSync(out);
  marks.close();
  await backend.close();
}

if (import.meta.main) {
  const [url = '', count, file = '', first] = process.argv.slice(2);
  await issueAll(url, Number(count), file, Number(first));
}
