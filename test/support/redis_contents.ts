import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisServer } from './redis_server.ts';

/** Everything that a Redis holds, in memory and in its files. Start it with `--rdbcompression no`, or nobody could find anything. */
export async function redisContents(redis: RedisServer, password = ''): Promise<string> {
  const client = new Redis(redis.port, redis.host, password === '' ? {} : { password });
  const dumps = await Promise.all(
    (await client.keys('*')).map(async (key) => `${key} ${(await client.dumpBuffer(key))?.toString('latin1')}`),
  );
  client.disconnect();
  return [...dumps, await filesIn(redis.directory)].join('\n');
}

/** Every file in a folder, byte by byte. */
export async function filesIn(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const contents = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(contents)).join('\n');
}
