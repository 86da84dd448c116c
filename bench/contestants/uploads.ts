import { fileURLToPath } from 'node:url';
import type { Contestant } from '../contestant.ts';

const SCRIPT = fileURLToPath(new URL('../wrk/post_chunked.lua', import.meta.url));

/** A contestant to which every call brings a body without a length. */
export function chunked(contestant: Contestant): Contestant {
  return {
    name: `${contestant.name}, chunked`,
    about: contestant.about,
    start: async (track) => {
      const entrant = await contestant.start(track);
      return { ...entrant, url: new URL('/upload', entrant.url).href, script: { file: SCRIPT } };
    },
  };
}
