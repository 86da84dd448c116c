import type { z } from 'zod';

/**
 * What every store, connection and dialect file exports: its name in the YAML, the schema of its options, and how it is made.
 * The options live in that file and nowhere else.
 */
export interface Variant<Options, Dependencies, Product> {
  readonly type: string;
  readonly options: z.ZodType<Options>;
  create(options: Options, dependencies: Dependencies): Product;
}

/** A variant whose options type is forgotten, so that variants of one room fit in one map. */
export interface AnyVariant<Dependencies, Product> {
  readonly type: string;
  readonly options: z.ZodType;
  /** @param options what this variant's own `options` schema made; nothing else may be passed. */
  create(options: unknown, dependencies: Dependencies): Product;
}

export function variant<Options, Dependencies, Product>(
  it: Variant<Options, Dependencies, Product>,
): AnyVariant<Dependencies, Product> {
  // The one cast: config hands `create` only what `options` parsed, as the type of `create` says.
  return { type: it.type, options: it.options, create: (options, deps) => it.create(options as Options, deps) };
}
