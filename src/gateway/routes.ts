import type { Route } from '../model/route.ts';

/** The routing table, compiled. */
export interface Routes {
  /**
   * Finds the one route that covers a call, in as many steps as the path has segments, however many routes there are.
   * @param host lower case, without a port. @param path canonical. @param method upper case.
   */
  match(host: string, path: string, method: string): Route | undefined;
}

/** The routes of one very path: they differ by method only. */
interface Here {
  readonly byMethod: Map<string, Route>;
  anyMethod: Route | undefined;
}

interface Node {
  /** By segment, as `fold` writes it. */
  readonly children: Map<string, Node>;
  /** Further children by how they look to a server that ignores case. */
  readonly lookalikes: Set<string>;
  exact: Here | undefined;
  below: Here | undefined;
}

/** A path that routes of this host name, but not with this method: nothing shorter may answer for it. */
const BLOCKED = Symbol('blocked');

/**
 * Compiles routes into one tree of segments per host. Their order never matters: the exact host wins over any host, then the
 * longest path, then the method among the routes of that very path. Nothing ever falls back from a path to a shorter one because
 * of the method, the letter case or a trailing slash: that could turn a protected path into a public one.
 *
 * @throws Error when two routes cover the same host, path and method.
 */
export function compileRoutes(routes: readonly Route[]): Routes {
  const hosts = new Map<string, Node>();
  const anyHost = newNode();
  for (const route of routes) {
    let root = anyHost;
    if (route.host !== undefined) {
      root = hosts.get(route.host) ?? newNode();
      hosts.set(route.host, root);
    }
    add(root, route);
  }
  return {
    match(host, path, method) {
      const own = hosts.size === 0 ? undefined : hosts.get(host);
      if (own !== undefined) {
        const found = find(own, path, method);
        if (found !== undefined) return found === BLOCKED ? undefined : found;
      }
      const found = find(anyHost, path, method);
      return found === BLOCKED ? undefined : found;
    },
  };
}

function newNode(): Node {
  return { children: new Map(), lookalikes: new Set(), exact: undefined, below: undefined };
}

function add(root: Node, route: Route): void {
  const below = route.path.endsWith('/*');
  const path = below ? route.path.slice(0, -2) : route.path;
  let node = root;
  for (const segment of path.split('/').slice(1)) {
    const key = fold(segment);
    const child = node.children.get(key) ?? newNode();
    node.children.set(key, child);
    node.lookalikes.add(key.toLowerCase());
    node = child;
  }
  const here: Here = (below ? node.below : node.exact) ?? { byMethod: new Map(), anyMethod: undefined };
  if (below) node.below = here;
  else node.exact = here;
  for (const method of route.methods ?? [undefined]) {
    const before = method === undefined ? here.anyMethod : here.byMethod.get(method);
    if (before) throw new Error(`routes "${before.name}" and "${route.name}" cover the same host, path and method`);
    if (method === undefined) here.anyMethod = route;
    else here.byMethod.set(method, route);
  }
}

function find(root: Node, path: string, method: string): Route | typeof BLOCKED | undefined {
  let node: Node = root;
  let longest = root.below;
  let start = 1;
  while (true) {
    const slash = path.indexOf('/', start);
    const end = slash < 0 ? path.length : slash;
    const segment = fold(path.slice(start, end));
    const child = node.children.get(segment);
    if (child === undefined) {
      if (segment === '' && slash < 0 && node.exact && node.below === undefined) return BLOCKED;
      if (node.lookalikes.has(segment.toLowerCase())) return BLOCKED;
      return longest && choose(longest, method);
    }
    node = child;
    longest = node.below ?? longest;
    if (slash < 0) {
      if (node.exact) return choose(node.exact, method);
      if (node.below === undefined && node.children.get('')?.exact) return BLOCKED;
      return longest && choose(longest, method);
    }
    start = slash + 1;
  }
}

function choose(here: Here, method: string): Route | typeof BLOCKED {
  return here.byMethod.get(method) ?? here.anyMethod ?? BLOCKED;
}

/**
 * Sub-delimiters, `:` and `@` mean the same encoded and plain to nearly every server, though RFC 3986 §2.2 does not say so:
 * the tree keeps one form of them, or `/a%28b` would slip past a route for `/a(b`.
 */
function fold(segment: string): string {
  if (!segment.includes('%')) return segment;
  return segment.replace(/%(?:2[146-9A-C]|3[AD]|40)/g, (encoded) => decodeURIComponent(encoded));
}
