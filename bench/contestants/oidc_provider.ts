import { createServer } from 'node:http';
import { type Contestant, type Entrant, PROXY_CORE, startProgram, type Track } from '../contestant.ts';
import { POST_FORM } from './gatehouse_tokens.ts';

/** The authorization server that most Node projects take, with its tokens in Redis. */
export const oidcProviderTokens: Contestant = {
  name: 'oidc-provider, tokens issued',
  about: 'oidc-provider 9.13.3: client credentials by HTTP Basic, opaque tokens, an adapter for Redis on ioredis',
  start: (track) => start(track, '/token', () => `grant_type=client_credentials&scope=${SCOPE}`),
};

export const oidcProviderIntrospection: Contestant = {
  name: 'oidc-provider, introspection',
  about: 'oidc-provider 9.13.3: one token of the asking client, which authenticates by HTTP Basic each time',
  start: (track) => start(track, '/token/introspection', (token) => `token=${token}`),
};

const CLIENT = 'bench';
const SECRET = 'only-for-this-loopback-run';
const SCOPE = 'bench:read';

async function start(track: Track, path: string, formOf: (token: string) => string): Promise<Entrant> {
  const program = startProgram(PROXY_CORE, process.execPath, [import.meta.filename, track.redis]);
  const [, port] = await program.line(/^listening on (\d+)$/);
  const origin = `http://127.0.0.1:${port}`;
  const headers = { authorization: `Basic ${btoa(`${CLIENT}:${SECRET}`)}` };
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPE });
  const response = await fetch(`${origin}/token`, { method: 'POST', headers, body });
  const { access_token: token } = (await response.json()) as { access_token?: unknown };
  if (typeof token !== 'string') throw new Error(`no token: ${response.status}`);
  return {
    url: `${origin}${path}`,
    headers,
    script: { file: POST_FORM, args: [formOf(token)] },
    pid: program.pid,
    stop: program.stop,
  };
}

if (import.meta.main) {
  const { Redis } = await import('ioredis');
  const { Provider } = await import('oidc-provider');
  const redis = new Redis(process.argv[2] ?? '');

  /** One key for each artifact, as JSON, with its expiry: what these two endpoints need of an adapter. */
  class InRedis {
    readonly #model: string;
    constructor(model: string) {
      this.#model = model;
    }
    async upsert(id: string, payload: object, expiresIn?: number): Promise<void> {
      const text = JSON.stringify(payload);
      if (expiresIn === undefined) await redis.set(this.#key(id), text);
      else await redis.set(this.#key(id), text, 'EX', expiresIn);
    }
    async find(id: string): Promise<unknown> {
      const text = await redis.get(this.#key(id));
      return text === null ? undefined : JSON.parse(text);
    }
    async destroy(id: string): Promise<void> {
      await redis.del(this.#key(id));
    }
    #key(id: string): string {
      return `oidc:${this.#model}:${id}`;
    }
  }

  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const provider = new Provider(`http://127.0.0.1:${port}`, {
      adapter: InRedis,
      features: {
        clientCredentials: { enabled: true },
        introspection: { enabled: true },
        devInteractions: { enabled: false },
      },
      scopes: [SCOPE],
      clients: [
        {
          client_id: CLIENT,
          client_secret: SECRET,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      cookies: { keys: ['only for this run'] },
      ttl: { ClientCredentials: 3_600 },
    });
    server.on('request', provider.callback());
    console.log(`listening on ${port}`);
  });
  process.once('SIGTERM', () => process.exit(0));
}
