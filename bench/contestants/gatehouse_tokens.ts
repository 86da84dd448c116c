import { join } from 'node:path';
import type { Contestant, Entrant, Track } from '../contestant.ts';
import { CLIENT, SCOPE, SECRET, startGatehouse } from '../gatehouse_process.ts';

/** The token endpoint (RFC 6749 §4.4): each request is a client that proves its secret and gets a token of its own. */
export const gatehouseTokens: Contestant = {
  name: 'gatehouse, tokens issued',
  about: 'client credentials by HTTP Basic; tokens, listings and the counters of wrong secrets in Redis',
  start: (track) => start(track, '/oauth2/token', () => `grant_type=client_credentials&scope=${SCOPE}`),
};

/** The introspection endpoint (RFC 7662), asked about one token again and again. */
export const gatehouseIntrospection: Contestant = {
  name: 'gatehouse, introspection',
  about: 'one token of the asking client, which authenticates by HTTP Basic each time',
  start: (track) => start(track, '/oauth2/introspect', (token) => `token=${token}`),
};

export const POST_FORM = join(import.meta.dirname, '..', 'wrk', 'post_form.lua');

async function start(track: Track, path: string, formOf: (token: string) => string): Promise<Entrant> {
  const gateway = await startGatehouse(track, { store: `type: redis, url: "${track.redis}"` });
  const [, token = ''] = (gateway.headers['authorization'] ?? '').split(' ');
  return {
    ...gateway,
    url: `${gateway.origin}${path}`,
    headers: { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` },
    script: { file: POST_FORM, args: [formOf(token)] },
  };
}
