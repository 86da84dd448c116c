import type { HeaderRules, Route } from '../model/route.ts';
import { type HeaderKind, type HeaderKinds, plainSpelling } from './header_kinds.ts';
import { NameMemory } from './name_memory.ts';

/** The header rules of one route in one direction, ready for use. */
export interface CompiledRules {
  /** Whether a header stays behind, in whatever spelling. */
  drops(name: string): boolean;
  /** Names and values in turn, which go behind what is left. */
  readonly lines: readonly string[];
}

/** Names that rules may not touch in an answer: its framing, what concerns one connection, and what is ours. */
const NEVER_IN_ANSWERS =
  /^(connection|keep-alive|content-length|transfer-encoding|te|trailers?|upgrade|proxy-.*|http2-settings|x-request-id|ratelimit.*|date)$/;

/** In calls, of what is not the caller's own to say, only these may be set: for upstreams that want credentials of ours. */
const CHANGEABLE: readonly HeaderKind[] = ['forward', 'authorization', 'cookie'];

/**
 * @throws Error if a rule names an identity header, `Host`, framing, or what concerns one connection only: the configuration
 * refuses such rules, and this is for those that come here in another way.
 */
export function compileRequestRules({ name, requestHeaders }: Route, kindOf: HeaderKinds): CompiledRules | undefined {
  return compile(name, requestHeaders, (header) => CHANGEABLE.includes(kindOf(header)));
}

/** As `compileRequestRules`, for answers. @throws Error likewise. */
export function compileResponseRules({ name, responseHeaders }: Route): CompiledRules | undefined {
  return compile(name, responseHeaders, (header) => !NEVER_IN_ANSWERS.test(plainSpelling(header)));
}

function compile(
  route: string,
  rules: HeaderRules | undefined,
  isAllowed: (name: string) => boolean,
): CompiledRules | undefined {
  if (rules === undefined) return undefined;
  const set = Object.entries(rules.set);
  const names = [...set.map(([name]) => name), ...rules.remove];
  const forbidden = names.find((name) => !isAllowed(name));
  if (forbidden !== undefined) throw new Error(`the header rules of route "${route}" touch ${forbidden}`);
  const plain = new Set(names.map(plainSpelling));
  const remembered = new NameMemory<boolean>();
  return {
    lines: set.flat(),
    drops(name) {
      const known = remembered.find(name);
      if (known !== undefined) return known;
      const drop = plain.has(plainSpelling(name));
      remembered.keep(name, drop);
      return drop;
    },
  };
}
