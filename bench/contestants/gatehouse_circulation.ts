import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Circulation, circulate } from '../circulation.ts';
import type { Contestant, Entrant, Track } from '../contestant.ts';
import { startGatehouse } from '../gatehouse_process.ts';

const TOKENS = 1_000_000;
const CACHED = 100_000;
const SCRIPT = fileURLToPath(new URL('../wrk/zipf_tokens.lua', import.meta.url));

/** Made once for both contestants, because a million tokens take a while. */
let circulation: Promise<Circulation> | undefined;

/** Every call brings another token, the popular ones often: more of them than the cache holds. */
export const gatehouseZipf: Contestant = {
  name: 'gatehouse, 1,000,000 tokens',
  about: 'every call brings one of a million tokens, by Zipf (exponent 1); 100,000 fit into the cache',
  start: async (track) => {
    const { file, length, count } = await inCirculation(track);
    return bringing(await start(track), file, length, count);
  },
};

export const gatehouseOneOfMany: Contestant = {
  name: 'gatehouse, one of them',
  about: 'every call brings the same one of the million',
  start: async (track) => {
    const { file, length } = await inCirculation(track);
    return bringing(await start(track), file, length, 1);
  },
};

/** The first `count` tokens. One too is brought by the script: what that costs the load generator must not be part of the ratio. */
function bringing(entrant: Entrant, file: string, length: number, count: number): Entrant {
  // The script writes the header; wrk would add its own to it.
  return { ...entrant, headers: {}, script: { file: SCRIPT, args: [file, String(length), String(count)] } };
}

const start = (track: Track) =>
  startGatehouse(track, { store: `type: redis, url: "${track.redis}"`, cache: `max_tokens: ${CACHED}` });

function inCirculation(track: Track): Promise<Circulation> {
  circulation ??= circulate(track.redis, TOKENS, join(track.directory, '..', 'tokens'));
  return circulation;
}
