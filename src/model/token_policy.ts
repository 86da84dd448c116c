import type { Seconds } from './units.ts';

/** What a token of one kind looks like: a fixed prefix, then random characters, of which the first eight are the tag. */
export interface TokenShape {
  /** Ends with `_` or `/`, or is empty: see tokens/format.ts. At most four characters. */
  readonly prefix: string;
  readonly alphabet: 'base64url' | 'hex';
  /** Characters after the prefix. At least 32, so that every token has 128 random bits. */
  readonly length: number;
}

/** How the tokens of a dialect look and live. Data, so that the protocol core needs to know no dialect by name. */
export interface TokenPolicy {
  readonly access: TokenShape;
  readonly refresh: TokenShape;
  readonly code: TokenShape;
  /** Absent: `tokens.access_ttl` of the configuration. */
  readonly accessTtl?: Seconds | undefined;
  /** Whether refreshing replaces the refresh token (G6), or leaves it as it is and answers without one. */
  readonly rotates: boolean;
  /** The scope that a refresh token is given for; absent: one is given to every client that may use it. */
  readonly refreshScope?: string | undefined;
  /** Apps ask by scope only for what they are told about the user (and for refreshing); what they may do comes with any of these. */
  readonly personalScopesOnly?: boolean | undefined;
  /** How `id_token`s are signed: with the gateway's keys, or (HS256) with the secret of the client that they are for. */
  readonly idTokens: 'RS256' | 'ES256' | 'HS256';
}

/** The policy of a dialect, by its name. */
export type PolicyOf = (dialect: string) => TokenPolicy;

/** Recognisable prefixes, which secret scanners can search for, and 192 random bits behind the tag. */
export const STANDARD_TOKENS: TokenPolicy = {
  access: { prefix: 'gha_', alphabet: 'base64url', length: 40 },
  refresh: { prefix: 'ghr_', alphabet: 'base64url', length: 40 },
  code: { prefix: 'ghc_', alphabet: 'base64url', length: 40 },
  rotates: true,
  idTokens: 'RS256',
};
