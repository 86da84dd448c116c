/**
 * What must happen to a call, written from the contract (docs and RFC 6750) in the plainest way there is. It shares no code, no
 * type and no order of steps with the gateway: it filters lists where the gateway walks a tree.
 */

export interface OracleRoute {
  readonly name: string;
  /** `/a/b`, or `/a/b/*`. */
  readonly path: string;
  readonly host?: string;
  readonly methods?: readonly string[];
  readonly auth: 'required' | 'optional' | 'none';
  readonly scopes: readonly string[] | Readonly<Record<string, readonly string[]>>;
  readonly audience?: string;
  readonly connections?: readonly string[];
}

export interface OracleToken {
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  /** The connection of its user; absent for a token without one. */
  readonly connection?: string;
  /** Seconds until it ends; 0 and less: it has ended. */
  readonly endsIn: number;
}

export interface OracleCall {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** What stands in its Authorization headers: a token that was issued, one that never was, or words. */
  readonly credentials: readonly ({ readonly token: OracleToken | undefined } | { readonly words: string })[];
  /** Whether its query has a parameter `access_token`. */
  readonly tokenInQuery: boolean;
}

export interface OracleAnswer {
  readonly status: 200 | 400 | 401 | 403 | 404 | 405;
  /** The word for it, for all but 200 and 404. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'missing_token';
  /** Of a call that passes. */
  readonly route?: string;
  /** Whose identity goes with a call that passes; undefined for nobody's. */
  readonly identity?: OracleToken | undefined;
}

export function oracle(routes: readonly OracleRoute[], call: OracleCall): OracleAnswer {
  if (['TRACE', 'CONNECT'].includes(call.method)) return { status: 405 };
  const route = winner(routes, call);
  if (route === undefined) return { status: 404 };
  const through = (identity?: OracleToken): OracleAnswer => ({ status: 200, route: route.name, identity });
  if (route.auth === 'none') return through();

  if (call.credentials.length > 1 || call.tokenInQuery) return { status: 400, error: 'invalid_request' };
  const [shown] = call.credentials;
  const isBearer = shown !== undefined && ('token' in shown || /^bearer( |$)/i.test(shown.words));
  if (!isBearer) return route.auth === 'optional' ? through() : { status: 401, error: 'missing_token' };
  // Words behind "Bearer" that are no token by its grammar.
  if ('words' in shown) return { status: 400, error: 'invalid_request' };
  const { token } = shown;
  if (token === undefined || token.endsIn <= 0) return { status: 401, error: 'invalid_token' };
  if (route.audience && !token.audience.some((it) => it === route.audience))
    return { status: 401, error: 'invalid_token' };
  const isOutsider = route.connections && !route.connections.some((it) => it === token.connection);
  const lacks = demanded(route, call.method).filter((scope) => token.scopes.indexOf(scope) === -1);
  return isOutsider || lacks.length > 0 ? { status: 403, error: 'insufficient_scope' } : through(token);
}

/** "Exact host, then longest path, wins"; a path whose routes do not have the method is not found. */
function winner(routes: readonly OracleRoute[], { host, path, method }: OracleCall): OracleRoute | undefined {
  const covers = (it: OracleRoute) => {
    const stem = it.path.replace(/\/\*$/, '');
    return it.path === stem ? path === stem : path === stem || path.startsWith(`${stem}/`);
  };
  const covering = routes.filter(covers);
  const own = covering.filter((it) => it.host === host);
  const candidates = own.length > 0 ? own : covering.filter((it) => it.host === undefined);
  const rank = (it: OracleRoute) => it.path.replace(/\/\*$/, '').length * 2 + (it.path.endsWith('/*') ? 0 : 1);
  const best = Math.max(...candidates.map(rank));
  const here = candidates.filter((it) => rank(it) === best);
  return here.find((it) => it.methods?.includes(method)) ?? here.find((it) => it.methods === undefined);
}

/** By method; HEAD is GET without a body; a method that is not named needs everything that is named. */
function demanded(route: OracleRoute, method: string): readonly string[] {
  if (Array.isArray(route.scopes)) return route.scopes;
  const named = Object.entries(route.scopes as Readonly<Record<string, readonly string[]>>);
  const of = (name: string) => named.filter(([key]) => key === name).map(([, scopes]) => scopes);
  const [own] = [...of(method), ...(method === 'HEAD' ? of('GET') : [])];
  return own ?? named.flatMap(([, scopes]) => scopes);
}
