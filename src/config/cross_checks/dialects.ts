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
