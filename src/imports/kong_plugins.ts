import type { Item } from './item.ts';

/** The plugins of a document, by what they hold for. */
export interface Plugins {
  readonly all: readonly Plugin[];
}

export interface Plugin {
  readonly name: string;
  readonly item: Item;
  readonly config: Item;
  /** What it is for; the more it names, the more it says. */
  readonly route?: string | undefined;
  readonly service?: string | undefined;
}

const nameIn = (item: Item): string | undefined => item.at('name').text() ?? item.at('id').text() ?? item.text();
/** What tells a route or service from others of its kind, whether or not it has a name. */
const keyOf = (item: Item): string => item.at('name').text() ?? item.at('id').text() ?? item.path.join('.');

/** Collects those that are on; such as hold for one consumer alone are noted. */
export function pluginsFor(root: Item): Plugins {
  const all: Plugin[] = [];
  const add = (item: Item, of: { route?: string | undefined; service?: string | undefined }) => {
    const name = item.at('name').text();
    if (name === undefined || item.at('enabled').isFalse()) return;
    const consumer = item.at('consumer').isThere || item.at('consumer_group').isThere;
    if (consumer)
      item.note(
        `is the plugin ${name} for one consumer, which is not carried`,
        'Limits hold for each token of a route; say what one client may do by its scopes.',
      );
    else all.push({ name, item, config: item.at('config'), ...of });
  };
  for (const item of root.at('plugins').list())
    add(item, { route: nameIn(item.at('route')), service: nameIn(item.at('service')) });
  for (const service of root.at('services').list()) {
    for (const item of service.at('plugins').list()) add(item, { service: keyOf(service) });
    for (const route of service.at('routes').list())
      for (const item of route.at('plugins').list()) add(item, { route: keyOf(route) });
  }
  for (const route of root.at('routes').list())
    for (const item of route.at('plugins').list()) add(item, { route: keyOf(route) });
  for (const consumer of [...root.at('consumers').list(), ...root.at('consumer_groups').list()])
    for (const item of consumer.at('plugins').list())
      item.note(
        `is the plugin ${item.at('name').text()} for one consumer, which is not carried`,
        'Say what one client may do by its scopes.',
      );
  return { all };
}

/** Of each plugin the one that says most about the route: Kong runs no other. */
export function effective({ all }: Plugins, route: Item, service: Item): ReadonlyMap<string, Plugin> {
  const keys = { route: keysOf(route), service: keysOf(service) };
  const found = new Map<string, Plugin & { weight: number }>();
  for (const plugin of all) {
    if (plugin.route !== undefined && !keys.route.includes(plugin.route)) continue;
    if (plugin.service !== undefined && !keys.service.includes(plugin.service)) continue;
    const weight = (plugin.route === undefined ? 0 : 2) + (plugin.service === undefined ? 0 : 1);
    const before = found.get(plugin.name);
    if (!before || weight > before.weight) found.set(plugin.name, { ...plugin, weight });
  }
  return found;
}

const keysOf = (item: Item): readonly string[] =>
  [item.at('name').text(), item.at('id').text(), keyOf(item)].filter((key) => key !== undefined);
