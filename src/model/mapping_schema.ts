import { z } from 'zod';

/** The mapping that a schema takes in, if that is what it takes, whatever it is turned into afterwards. */
export function mappingOf(schema: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  return schema instanceof z.ZodPipe ? mappingOf(schema.in) : undefined;
}

/** The keys that the schema's mapping has; none if it does not take a mapping. */
export const keysOf = (schema: unknown): string[] => Object.keys(mappingOf(schema)?.shape ?? {});
