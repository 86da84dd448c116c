import { z } from 'zod';
import { DependencyUnavailable } from '../model/failure.ts';
import { duration } from '../model/fields.ts';
import type { Identity } from '../model/token.ts';
import { variant } from '../model/variant.ts';
import type { Assertion } from './adfs_answer.ts';
import { requestSecurityToken } from './adfs_request.ts';
import type { Connection, ConnectionDependencies, PasswordConnection, SignIn } from './connection.ts';
import { identityOf } from './oidc_claims.ts';
import { createProvider, isLoopback } from './oidc_provider.ts';

/**
 * Users of an Active Directory Federation Services server, by name and password: over WS-Trust 1.3 (`usernamemixed`), or over OAuth
 * where the server has it. The messages are written after Microsoft's published examples; see docs/connections/adfs.md.
 *
 * The signature of an assertion is not checked. It is believed because it came over TLS from the configured server, in answer to our
 * own request; that it is for us and valid now is checked all the same. An assertion that came any other way must never be read here.
 */

const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const claim = (uri: string | undefined, what: string) =>
  z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe(`The claim that holds ${what}${uri ? `; ${uri} if absent` : ''}.`);

const options = z
  .strictObject({
    server: z
      .url({ protocol: /^https?$/, error: 'must be a URL such as https://adfs.example.com' })
      .describe('The origin of the AD FS server.'),
    flow: z
      .enum(['ws_trust', 'oauth'])
      .default('ws_trust')
      .describe('ws_trust: usernamemixed, any version. oauth: the password grant, from AD FS 2016 on.'),
    audience: z
      .string()
      .min(1)
      .max(256)
      .describe('ws_trust: the identifier of the relying party trust. oauth: the resource.'),
    path: z
      .string()
      .regex(/^\/[A-Za-z0-9/._-]{1,200}$/, 'must be a path')
      .default('/adfs/services/trust/13/usernamemixed')
      .describe('ws_trust: where the endpoint usernamemixed is.'),
    client_id: z.string().min(1).max(256).optional().describe('oauth: how Gatehouse is registered at the server.'),
    client_secret: z.string().min(1).max(1024).optional().describe('oauth: absent for a native application.'),
    claims: z
      .strictObject({
        username: claim(`${CLAIMS}/upn (oauth: upn)`, 'the user name'),
        name: claim(`${CLAIMS}/name (oauth: unique_name)`, 'the name that people know'),
        email: claim(`${CLAIMS}/emailaddress (oauth: email)`, 'the e-mail address'),
        roles: claim(undefined, 'roles; without it there are none'),
      })
      .prefault({})
      .describe('Where the server writes what Gatehouse wants to know.'),
    timeout: duration().prefault('5s').describe('How long to wait for an answer of the server.'),
    allow_insecure: z
      .boolean()
      .default(false)
      .describe('Accept an http server at a loopback address, for development.'),
  })
  .superRefine(({ server, allow_insecure, flow, client_id }, context) => {
    const url = URL.parse(server);
    if (url?.protocol === 'http:' && !(allow_insecure && isLoopback(url))) {
      const message = 'must use https; http is for loopback addresses, with allow_insecure: true';
      context.addIssue({ code: 'custom', path: ['server'], message });
    }
    if (flow === 'oauth' && client_id === undefined) {
      context.addIssue({ code: 'custom', path: ['client_id'], message: 'is needed with flow: oauth' });
    }
  });
export type AdfsOptions = z.infer<typeof options>;

export const adfs = variant<AdfsOptions, ConnectionDependencies, readonly Connection[]>({
  type: 'adfs',
  options,
  create: (settings, dependencies) => [
    settings.flow === 'oauth' ? byOAuth(settings, dependencies) : byTrust(settings, dependencies),
  ],
});

/** As large as any answer with hundreds of group claims; a server that sends more is not read to its end. */
const LONGEST_ANSWER = 512 * 1024;
/** How far the clocks of the server and of this machine may be apart. */
const CLOCK_SKEW = 60_000;

function byTrust(settings: AdfsOptions, { name, clock, report }: ConnectionDependencies): PasswordConnection {
  const endpoint = new URL(settings.path, settings.server).href;

  return {
    kind: 'password',
    name,
    async signIn(username, password): Promise<SignIn> {
      if (username === '' || password === '') return { ok: false };
      // 1. Ask for an assertion for us.
      const now = clock.now();
      const message = requestSecurityToken({ to: endpoint, audience: settings.audience, username, password, now });
      if (message === undefined) return { ok: false };
      // Late, because a start without AD FS needs no XML parser.
      const { readAnswer } = await import('./adfs_answer.ts');
      const answer = readAnswer(await post(endpoint, message));

      // 2. No is an answer. Anything that is neither yes nor no is the server's trouble, not the user's.
      if (answer.kind === 'refused') return { ok: false };
      if (answer.kind === 'unusable') throw new DependencyUnavailable(name, answer.reason);

      // 3. For us, and valid now.
      const { assertion } = answer;
      const objection = objectionTo(assertion, settings.audience, clock.now());
      if (objection !== undefined) {
        report('assertion_refused', { reason: objection });
        throw new DependencyUnavailable(name, objection);
      }
      return { ok: true, identity: identify(assertion, assertion.subject ?? '') };
    },
  };

  async function post(url: string, body: string): Promise<string> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/soap+xml; charset=utf-8' },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(settings.timeout),
      });
      return await textOf(response);
    } catch {
      // What the error says may quote the address, never more; even so it stays here.
      throw new DependencyUnavailable(name, 'no answer');
    }
  }

  function identify({ claims }: Assertion, subject: string): Identity {
    const { username, name: nameClaim, email, roles } = settings.claims;
    const first = (type: string) => claims.get(type)?.[0];
    const known = first(nameClaim ?? `${CLAIMS}/name`);
    const address = first(email ?? `${CLAIMS}/emailaddress`);
    return {
      subject: `${name}|${subject}`,
      username: first(username ?? `${CLAIMS}/upn`) ?? subject,
      connection: name,
      roles: roles === undefined ? [] : (claims.get(roles) ?? []),
      ...(known !== undefined && { name: known }),
      ...(address !== undefined && { email: address }),
    };
  }
}

/** Why an assertion is not good enough: a word for the log. */
function objectionTo(assertion: Assertion, audience: string, now: number): string | undefined {
  if (assertion.subject === undefined || assertion.subject.length > 256) return 'no_lasting_name_identifier';
  if (!assertion.audiences.includes(audience)) return 'other_audience';
  // Written so that a time that is missing or cannot be read fails.
  const begun = now + CLOCK_SKEW >= assertion.notBefore;
  const lasts = now - CLOCK_SKEW < assertion.notOnOrAfter;
  return begun && lasts ? undefined : 'not_valid_now';
}

/** @throws Error for more than the longest answer. */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > LONGEST_ANSWER) throw new Error('too long');
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/** The resource owner password grant (RFC 6749 §4.3) of AD FS, with the identifier of the API as `resource`. */
function byOAuth(settings: AdfsOptions, dependencies: ConnectionDependencies): PasswordConnection {
  const { name } = dependencies;
  const provider = createProvider(
    {
      issuer: new URL('/adfs', settings.server).href,
      clientId: settings.client_id ?? '',
      clientSecret: settings.client_secret,
      authentication: 'client_secret_post',
      timeout: settings.timeout,
      allowInsecure: settings.allow_insecure,
    },
    dependencies,
  );
  const names = {
    username: settings.claims.username ?? 'upn',
    name: settings.claims.name ?? 'unique_name',
    email: settings.claims.email ?? 'email',
    phoneNumber: 'phone_number',
    roles: settings.claims.roles,
  };
  return {
    kind: 'password',
    name,
    async signIn(username, password) {
      if (username === '' || password === '') return { ok: false };
      const form = { username, password, scope: 'openid', resource: settings.audience };
      const proven = await provider.password(form);
      // The directory behind it is the one that gives out the addresses, so none of them is merely claimed.
      return proven ? { ok: true, identity: identityOf(proven, name, names, true) } : { ok: false };
    },
  };
}
