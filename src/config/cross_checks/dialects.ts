import type { DialectEntry } from '../sections.ts';
import type { ConfigVariants } from '../variants.ts';
import { type Check, refuseRepeated } from './check.ts';

/** Two dialects at one place would each answer some of the other's requests. */
export const dialectsApart: Check = ({ sections, variants, reader }) => {
  const places = sections.dialects.map(({ path, type, frame }) => {
    // Where it answers is unknown while its type, prefix or host cannot be read.
    const unreadable =
      type === undefined ||
      (['prefix', 'host'] as const).some((key) => frame.written.has(key) && frame.values[key] === undefined);
    const prefix = frame.values.prefix ?? variants.dialects[type ?? '']?.prefix ?? `(${type})`;
    return { path, value: unreadable ? undefined : `${frame.values.host ?? ''} ${prefix}` };
  });
  refuseRepeated(reader, places, 'host and prefix of the dialect');
};

/** The exact paths at which a dialect answers; none while they cannot be told. */
export function dialectPaths({ type, frame, options }: DialectEntry, variants: ConfigVariants): readonly string[] {
  const variant = variants.dialects[type ?? ''];
  const prefix = frame.values.prefix ?? (frame.written.has('prefix') ? undefined : variant?.prefix);
  if (options === undefined || prefix === undefined) return [];
  return variant?.paths?.(options, prefix) ?? [];
}

/** Different prefixes can still lead to one path: /oauth/token is `token` below /oauth, and `oauth/token` below none. */
export const endpointsApart: Check = ({ sections, variants, reader }) => {
  const first = new Map<string, DialectEntry>();
  for (const dialect of sections.dialects) {
    const { frame, path } = dialect;
    if (frame.written.has('host') && frame.values.host === undefined) continue;
    for (const endpoint of new Set(dialectPaths(dialect, variants))) {
      const place = `${frame.values.host ?? ''} ${endpoint}`;
      const earlier = first.get(place);
      if (!earlier) first.set(place, dialect);
      else if ((earlier.frame.values.prefix ?? earlier.type) !== (frame.values.prefix ?? dialect.type)) {
        const line = reader.lineOf(earlier.path);
        reader.report(
          path,
          `answers at ${endpoint}, as the dialect in line ${line} does: give one of them another prefix or host`,
        );
        break;
      }
    }
  }
};
