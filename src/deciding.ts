/** Joins what decides about calls (`gateway/gateway.ts`): routes with the limits of their dialects, and the words of each dialect. */
import { type SpokenDialects, spokenDialects } from './compose.ts';
import { createGateway } from './gateway/gateway.ts';
import type { Ground } from './ground.ts';
import type { Config } from './model/config.ts';
import type { CachedTokenStore } from './stores/lru.ts';
import type { TokenStore } from './stores/token_store.ts';
import { isShortlyMarked, type TokenMarks } from './tokens/token_marks.ts';

/** What the decision about calls takes of the ground. */
export type GatewayGround = Pick<Ground, 'marks' | 'counters' | 'limits' | 'clock'> & {
  readonly store: TokenStore & Pick<CachedTokenStore, 'remembers'>;
};

export function composeGateway(config: Config, { store, marks, counters, limits, clock }: GatewayGround) {
  const { speaking, dialectOf } = spokenDialects(config);
  const isForged = forgedBy(marks, speaking);
  // What a route does not say of limits its dialect says, for all such routes together.
  const routes = config.routes.map((route) => {
    const limits = route.limits ?? dialectOf(route.dialect).limits;
    return limits === route.limits ? route : { ...route, limits: { ...limits, countedAs: route.dialect } };
  });
  const gateway = createGateway({
    routes,
    lookup: store,
    isForged: (token, ref) => !store.remembers(ref) && isForged(token),
    counters,
    limits,
    clock,
    identityHeaders: config.identityHeaders,
    trustedProxies: config.listen.trustedProxies,
    refusalFor: (type) => {
      const dialect = dialectOf(type);
      return (failure) => dialect.fail(failure, 'route');
    },
  });
  return {
    routes,
    gateway,
    isForged,
    dialects: speaking.map(({ type, host, dialect }) => ({
      ...{ type, host, tokens: dialect.tokens },
      paths: dialect.endpoints.map(({ path }) => path),
    })),
  };
}

/** Tells by its mark a token that cannot be one of ours; never one that looks like those that have no room for any. */
function forgedBy(marks: TokenMarks, speaking: SpokenDialects['speaking']): (token: string) => boolean {
  const short = speaking
    .flatMap(({ dialect }) => [dialect.tokens.access, dialect.tokens.refresh])
    .filter(isShortlyMarked);
  return (token) => marks.isForged(token, short);
}
