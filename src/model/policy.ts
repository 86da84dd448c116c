import type { AskedCall } from './explanation.ts';
import type { ErrorCode } from './failure.ts';

/** What must come of one call, written down by whoever relies on it. */
export interface PolicyCase {
  readonly name: string;
  /** Without a token: that is `token`'s. */
  readonly call: Omit<AskedCall, 'token'>;
  readonly token: 'none' | 'unknown' | PolicyToken;
  readonly expect: Expectation;
  /** Where the expectation stands in the file, counted from 1. */
  readonly line: number;
  readonly column: number;
}

/** A token as it would be issued. What is absent of a user of the configuration is as it stands there. */
export interface PolicyToken {
  readonly client: string;
  readonly user?: string | undefined;
  readonly scopes: readonly string[];
  /** Absent: what the configuration says of the client. */
  readonly audience?: readonly string[] | undefined;
  readonly connection?: string | undefined;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly roles: readonly string[];
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  readonly expired: boolean;
}

/** What is absent is not looked at. */
export interface Expectation {
  readonly outcome?: 'allow' | 'deny' | undefined;
  readonly status?: number | undefined;
  readonly error?: ErrorCode | undefined;
  readonly route?: string | undefined;
  /** The path that the upstream sees. */
  readonly upstreamPath?: string | undefined;
  /** The value that the upstream must get of each; null: it must get none. */
  readonly upstreamHeaders: Readonly<Record<string, string | null>>;
}
