/** Joins what tells decisions (`gateway/explain.ts`): beside a gateway that runs, and where none does. */
import { openStore } from './compose.ts';
import { composeGateway, type GatewayGround } from './deciding.ts';
import { createExplain, type Explain, type Judged } from './gateway/explain.ts';
import { withoutQuery } from './gateway/explained_steps.ts';
import { createLimits, type Limits } from './gateway/limits.ts';
import { ownEndpoints } from './http/own_endpoints.ts';
import { type Clock, systemClock } from './model/clock.ts';
import type { Config } from './model/config.ts';
import type { AskedCall } from './model/explanation.ts';
import { createLog } from './observe/log.ts';
import { createClients } from './registry/clients.ts';
import type { Backend } from './stores/backend.ts';
import { cached } from './stores/lru.ts';
import { createTokenMarks } from './tokens/token_marks.ts';

/** How many clients are looked at for who may ask for a scope. */
const CLIENTS = 200;

export interface ExplainGround extends Omit<GatewayGround, 'limits'> {
  readonly limits: Limits;
  readonly documents: Backend['documents'];
  /** Whether an endpoint of our own answers there; absent: what follows from the configuration. */
  readonly isOwn?: ((target: string, host: string) => boolean) | undefined;
  /** Where the main listener can be reached. */
  readonly url: string;
}

/** Beside a gateway that runs: the same rules, cache and limits. */
export function composeExplain(
  config: Config,
  ground: ExplainGround,
): { readonly explain: Explain; judge(call: AskedCall): Promise<Judged> } {
  const { store, marks, documents, limits, clock, url } = ground;
  const clients = createClients({ configured: config.clients, documents, clock });
  const { routes, gateway, isForged, dialects } = composeGateway(config, ground);
  const isOwn = ground.isOwn ?? ownPaths(config, dialects);
  const { host, protocol } = new URL(config.listen.publicUrl ?? url);
  return createExplain({
    ...{ gateway, routes, limits, clock, isForged, dialects, isOwn, host },
    lookup: store,
    marksAreKnown: () => marks.isReady(),
    remembers: (ref) => store.remembers(ref),
    identityHeaders: config.identityHeaders,
    clients: async () => (await clients.list(CLIENTS)).items,
    secure: protocol === 'https:',
  });
}

/**
 * Where no gateway runs: asks the store itself, of which nothing is changed. How many calls are under way at once, every gateway knows
 * of itself alone, so nothing is said of it.
 */
export function composeExplainAlone(
  config: Config,
  { tokens, documents, counters }: Pick<Backend, 'tokens' | 'documents' | 'counters'>,
  clock: Clock,
): Explain {
  const { host, port, tls } = config.listen;
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  // The port that the system will give is not known yet, and no port is 0.
  const url = `${tls ? 'https' : 'http'}://${name}${port === 0 ? '' : `:${port}`}`;
  const limits = createLimits({ counters, clock });
  return async (call) => {
    // A store that has no key of marks yet is not given one here.
    const marks = createTokenMarks({
      documents: { get: (kind, id) => documents.get(kind, id), put: async () => false },
    });
    const store = cached(tokens, { ...config.cache, maxTokens: 0 }, clock);
    try {
      await marks.key().catch(() => {});
      const ground = { store, marks, counters, limits: withoutConcurrent(limits), clock, documents, url };
      return await composeExplain(config, ground).explain(call);
    } finally {
      store.close();
      marks.close();
    }
  };
}

/** Our own endpoints, told without making them. */
function ownPaths({ forwardAuth, account }: Config, dialects: ReturnType<typeof composeGateway>['dialects']) {
  const nobody = { handle: () => {} };
  const mounts = dialects.map(({ host, paths }) => ({ host, app: { ...nobody, paths } }));
  const find = ownEndpoints(mounts, forwardAuth ? nobody : undefined);
  const isAccount = (path: string) => account && (path === account.path || path.startsWith(`${account.path}/`));
  return (target: string, host: string): boolean =>
    find(target, host) !== undefined || isAccount(withoutQuery(target)) === true;
}

const withoutConcurrent = (limits: Limits): Limits => ({
  admit: (route, token, caller) => limits.admit(route, token, caller),
  peek: async (route, token, caller) => {
    const left = await limits.peek(route, token, caller);
    return 'code' in left ? left : { perToken: left.perToken, perClient: left.perClient };
  },
});

/** Opens the configured store to explain calls by it, without a running gateway. */
export async function openExplain(config: Config): Promise<{ readonly explain: Explain; close(): Promise<void> }> {
  const log = createLog({ level: 'silent', destination: { write: () => {} } });
  const backend = await openStore(config, log, systemClock);
  return { explain: composeExplainAlone(config, backend, systemClock), close: () => backend.close() };
}
