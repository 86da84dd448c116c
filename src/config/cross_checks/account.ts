import { isWithin } from '../schema/paths.ts';
import type { Check } from './check.ts';
import { dialectPaths } from './dialects.ts';

/** The pages are matched before any route and on every host, so what stands below their path could be reached in part only. */
export const accountApart: Check = ({ sections, variants, reader }) => {
  const { account } = sections;
  const place = account === false ? undefined : account.values.path;
  if (account === false || place === undefined) return;
  const isDefault = !account.written.has('path');
  const elsewhere = isDefault
    ? 'write account: { path: … } with another path, or account: false'
    : 'change account.path';

  for (const { path, values } of sections.routes) {
    if (values.path !== undefined && isWithin(values.path.replace(/\/\*$/, ''), place)) {
      reader.report(
        [...path, 'path'],
        `lies at ${place}, where users look after their account: move the route, or ${elsewhere}`,
      );
    }
  }
  for (const dialect of sections.dialects) {
    const places = [dialect.frame.values.prefix ?? '', ...dialectPaths(dialect, variants)];
    const taken = places.find((endpoint) => isWithin(endpoint, place));
    if (taken !== undefined) {
      reader.report(
        dialect.path,
        `answers at ${taken}, where users look after their account: give it another prefix, or ${elsewhere}`,
      );
    }
  }
  const forwardAuth = sections.top.values.forward_auth === true && isWithin(place, '/auth');
  if (forwardAuth) reader.report(['account', 'path'], 'lies at /auth, where forward_auth answers: choose another');
};
