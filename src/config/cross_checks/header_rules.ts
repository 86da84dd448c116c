import { identityHeaders } from '../schema/identity_headers.ts';
import type { RouteFields } from '../sections.ts';
import type { Check } from './check.ts';

/** How servers behind us see a name: many fold every sign to one. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-');

/** A rule that could set who is calling would forge it; one that removes it would let the next server take the caller's word. */
export const headerRules: Check = ({ sections, reader }) => {
  const { attributes = {}, ...named } = sections.identityHeaders.values;
  const standard = Object.values(identityHeaders.parse({}));
  const ours = new Set(
    [...standard, ...Object.values(named), ...Object.values(attributes)].flatMap((name) =>
      typeof name === 'string' ? [plain(name)] : [],
    ),
  );
  for (const { path, values } of sections.routes) {
    for (const [at, name] of rulesOf(values, 'request_headers')) {
      if (ours.has(plain(name))) {
        reader.report(
          [...path, ...at],
          'tells the upstream who is calling, which only the token says: remove it',
          'key',
        );
      } else if (plain(name) === 'authorization' && values.forward_authorization) {
        const message = 'contradicts forward_authorization: true: remove one of the two';
        reader.report([...path, ...at], message, 'key');
      }
    }
    if (values.cors === undefined) continue;
    for (const [at, name] of rulesOf(values, 'response_headers')) {
      if (plain(name).startsWith('access-control-'))
        reader.report([...path, ...at], 'is what cors of this route decides: remove it', 'key');
    }
  }
};

/** Every name that the rules have, with its place. */
function rulesOf(values: Partial<RouteFields>, key: 'request_headers' | 'response_headers') {
  const { set = {}, remove = [] } = values[key] ?? {};
  return [
    ...Object.keys(set).map((name) => [[key, 'set', name], name] as const),
    ...remove.map((name, index) => [[key, 'remove', index], name] as const),
  ];
}

/** Two spellings of one name would leave it to chance which value the upstream takes. */
export const headerRulesOnce: Check = ({ sections, reader }) => {
  for (const { path, values } of sections.routes) {
    for (const key of ['request_headers', 'response_headers'] as const) {
      const seen = new Set<string>();
      for (const [at, name] of rulesOf(values, key)) {
        if (seen.has(plain(name))) reader.report([...path, ...at], 'is in these rules twice: keep one', 'key');
        seen.add(plain(name));
      }
    }
  }
};
