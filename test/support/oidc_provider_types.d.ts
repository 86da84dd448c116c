/** As much of `oidc-provider`, which brings no types, as the tests use. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface TokenContext {
    body: unknown;
    readonly oidc: {
      readonly params: Readonly<Record<string, string>>;
      readonly client: { readonly clientId: string };
      entity(name: string, value: unknown): void;
    };
  }
  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    registerGrantType(name: string, handler: (ctx: TokenContext) => Promise<void>, parameters: readonly string[]): void;
    readonly AccessToken: new (
      fields: object,
    ) => { save(): Promise<string> };
    readonly Grant: new (
      fields: object,
    ) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    readonly IdToken: new (
      claims: object,
      more: object,
    ) => { scope: string; issue(how: { use: 'idtoken' }): Promise<string> };
  }
  export const interactionPolicy: {
    base(): { get(prompt: string): { readonly checks: { remove(reason: string): void } } };
  };
  export const errors: { readonly InvalidGrant: new (detail: string) => Error };
}
