import { z } from 'zod';
import { parseConfig } from '../../src/config/parse.ts';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';
import type { ConfigVariants } from '../../src/config/variants.ts';
import type { Config } from '../../src/model/config.ts';

/** Variants as the rooms hand them in, small: these tests are about the configuration, not about stores or dialects. */
export const variants: ConfigVariants = {
  stores: {
    memory: { type: 'memory', options: z.strictObject({}) },
    embedded: { type: 'embedded', options: z.strictObject({ path: z.string().default('./data/gatehouse.db') }) },
    redis: {
      type: 'redis',
      options: z
        .strictObject({
          url: z.string().optional(),
          master: z.string().optional(),
          sentinels: z.array(z.string()).optional(),
        })
        .transform((it) => it),
    },
  },
  connections: {
    database: {
      type: 'database',
      options: z.strictObject({
        users: z
          .array(
            z
              .strictObject({
                id: z.string(),
                username: z.string(),
                email: z.string().optional(),
                password_hash: z.string(),
                roles: z.array(z.string()).default([]),
              })
              .transform(({ password_hash, ...rest }) => ({ ...rest, passwordHash: password_hash })),
          )
          .default([]),
      }),
    },
  },
  dialects: {
    oauth2: { type: 'oauth2', options: z.strictObject({}), prefix: '/oauth2' },
    roambi: {
      type: 'roambi',
      options: z.strictObject({ require_client_secret: z.boolean().default(true) }),
      prefix: '/1',
    },
  },
  grants: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
};

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** The files there are, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
}

export function parse(text: string, { env = {}, files = {} }: Surroundings = {}): Config {
  const readFile = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw new Error('does not exist');
    return content;
  };
  return parseConfig(text, { file: '/etc/gatehouse/g.yaml', env, readFile, variants });
}

/** The problems of a text as a person sees them, without the file's name; empty if there are none. */
export function problemsOf(text: string, surroundings?: Surroundings): string[] {
  try {
    parse(text, surroundings);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((it) => formatProblem(it).replace('/etc/gatehouse/g.yaml:', ''));
  }
}

export const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE';
