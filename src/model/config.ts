import type { Client, User } from './client.ts';
import type { IdentityHeaders, Route } from './route.ts';
import type { Milliseconds, Seconds } from './units.ts';

/** The whole configuration after reading: frozen, complete (defaults filled in), checked. */
export interface Config {
  /** The file it came from, for messages. */
  readonly file: string;
  readonly listen: ListenSettings;
  /** Whether proxies may ask for verdicts (`/auth`). */
  readonly forwardAuth: boolean;
  readonly admin: AdminSettings;
  /** Absent: users cannot look after what is theirs here. */
  readonly account?: AccountSettings | undefined;
  readonly store: VariantSettings;
  readonly cache: CacheSettings;
  readonly tokens: TokenSettings;
  readonly idTokens: IdTokenSettings;
  readonly dialects: readonly DialectSettings[];
  readonly routes: readonly Route[];
  readonly clients: readonly Client[];
  readonly connections: readonly ConnectionSettings[];
  /** Users written in the YAML, of all database connections together. */
  readonly users: readonly User[];
  readonly identityHeaders: IdentityHeaders;
  /** At least 32 characters, the same on every node: the key of what must not be readable in the store. Absent: one per process. */
  readonly serverSecret?: string | undefined;
  readonly log: LogSettings;
  readonly audit: AuditSettings;
  readonly tracing: TracingSettings;
}

/** `type` names the variant, `options` is what that variant's schema made of the rest. */
export interface VariantSettings {
  readonly type: string;
  readonly options: unknown;
}
export interface ConnectionSettings extends VariantSettings {
  readonly name: string;
}
export interface DialectSettings extends VariantSettings {
  /** Leading path of its endpoints (`/oauth2`); the dialect's own default when the YAML names none. */
  readonly prefix?: string | undefined;
  /** Lower-case host it answers on; absent means any. */
  readonly host?: string | undefined;
}

export interface ListenSettings {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Processes: a number, or one per core for `auto`. */
  readonly workers: number | 'auto';
  /** A unix socket instead of `host` and `port`. */
  readonly path?: string | undefined;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Whether HTTP/2 is offered to callers that come with TLS. */
  readonly http2: boolean;
  /** How many connections each process keeps open. */
  readonly maxConnections: number;
  /** How many of them may come from one address; absent: all. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** How far the event loop may fall behind before calls are refused early. */
  readonly maxDelay: Milliseconds;
  /** Bytes that a body must bring in a second, on average, while it is waited for; 0 for any number. */
  readonly minBodyRate: number;
  /** Whether plain calls are carried without node:http. */
  readonly fastLane: boolean;
  /** CIDR ranges whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[];
  /** The public base URL (`https://auth.example.com`), if it is not what `host` and `port` say. The issuer of RFC 8414. */
  readonly publicUrl?: string | undefined;
}
export interface AdminSettings {
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** The origin that operators reach it under, if they use a name: the only one besides localhost that console and API answer under. */
  readonly publicUrl?: string | undefined;
  /** Whether there is a console beside the API. */
  readonly console: boolean;
  /** How long a sign-in to the console lasts at most. */
  readonly sessionTtl: Seconds;
  /** The scope that an access token must have for the admin API; absent: none. */
  readonly bearerScope?: string | undefined;
  /** The terms that whoever creates a client agrees to. */
  readonly termsUrl?: string | undefined;
}
/** The pages where users look after what is theirs. */
export interface AccountSettings {
  /** Where they stand, on the main listener and on any host; canonical. */
  readonly path: string;
  readonly personalTokens: PersonalTokenSettings;
}
export interface PersonalTokenSettings {
  /** Those that a user can choose among; empty: nobody can make tokens. */
  readonly scopes: readonly string[];
  /** The audience that they carry. */
  readonly audience: readonly string[];
  readonly maxTtl: Seconds;
}
export interface CacheSettings {
  /** 0 switches the cache off. */
  readonly maxTokens: number;
  /** Hard age of an entry while the invalidation stream is up; use does not renew it. */
  readonly ttl: Milliseconds;
  /** Hard age of a fact that may still serve when the store gives no answer. */
  readonly staleness: Milliseconds;
  /** How long "no such token" is believed. */
  readonly negativeTtl: Milliseconds;
}
export interface TokenSettings {
  readonly accessTtl: Seconds;
  readonly refreshTtl: Seconds;
  readonly codeTtl: Seconds;
  readonly refreshGrace: Seconds;
}
export interface IdTokenSettings {
  readonly ttl: Seconds;
  /** How long each signing key signs. */
  readonly keyRotation: Seconds;
}
export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** How each call is written; `json` unless told otherwise. */
  readonly access?: 'json' | 'combined' | 'none' | undefined;
}
/** What is done with audit events. */
export interface AuditSettings {
  /** How long the store keeps them. */
  readonly keep: Seconds;
  /** Whether they are lines of the log as well. */
  readonly log: boolean;
  readonly webhook?: WebhookSettings | undefined;
}
export interface WebhookSettings {
  readonly url: string;
  /** `whsec_` and base64, as in Standard Webhooks. */
  readonly secret: string;
}
export interface TracingSettings {
  /** Base URL of a collector; absent: spans go to the provider of the app, if there is one. */
  readonly otlp?: string | undefined;
  /** 0 to 1: the part of the traces that begin here. */
  readonly sample: number;
  readonly serviceName: string;
}
