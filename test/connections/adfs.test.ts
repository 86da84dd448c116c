import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adfs } from '../../src/connections/adfs.ts';
import type { PasswordConnection, UserDirectory } from '../../src/connections/connection.ts';
import { DependencyUnavailable } from '../../src/model/failure.ts';
import {
  type AdfsAnswer,
  type AdfsServer,
  AUDIENCE,
  collection,
  fault,
  startAdfs,
  USER,
} from '../support/adfs_server.ts';
import { ManualClock } from '../support/manual_clock.ts';
import { type OutsideProvider, PASSWORD, startOutsideProvider } from '../support/outside_provider.ts';

let server: AdfsServer;
beforeEach(async () => {
  server = await startAdfs();
});
afterEach(() => server.close());

const nobody = async () => undefined;
const users: UserDirectory = {
  findByUsername: nobody,
  find: nobody,
  findByContact: nobody,
  setPasswordHash: async () => false,
};

function connect(change: Readonly<Record<string, unknown>> = {}): PasswordConnection {
  const options = adfs.options.parse({ server: server.origin, audience: AUDIENCE, allow_insecure: true, ...change });
  const [connection] = adfs.create(options, {
    ...{ name: 'corp', clock: new ManualClock(Date.now()), users, report: () => {} },
    passwords: { verify: async () => false },
  });
  if (connection?.kind !== 'password') throw new Error('AD FS takes passwords');
  return connection;
}

const signIn = (change?: Readonly<Record<string, unknown>>) => connect(change).signIn(USER.username, USER.password);

const BOB = {
  subject: 'corp|S-1-5-21-1004',
  username: 'bob@corp.example',
  name: 'Bob & Builder',
  email: 'bob@example.com',
  connection: 'corp',
  roles: [],
};

describe('WS-Trust 1.3 usernamemixed', () => {
  it('asks for a token for the relying party, and sends every character of name and password as it is', async () => {
    await signIn();
    expect(server.requests).toEqual([
      {
        contentType: 'application/soap+xml; charset=utf-8',
        action: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue',
        to: `${server.origin}/adfs/services/trust/13/usernamemixed`,
        appliesTo: AUDIENCE,
        ...USER,
      },
    ]);
  });

  it.each(['1.1', '2.0'] as const)('takes an assertion of SAML %s', async (version) => {
    server.answer = { version };
    expect(await signIn()).toEqual({ ok: true, identity: BOB });
  });

  it('gives roles only from the claim that the configuration names', async () => {
    const roles = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
    expect(await signIn({ claims: { roles } })).toMatchObject({ identity: { roles: ['staff', 'admin'] } });
  });

  it('says no to a wrong password, and never asks about an empty one or one that XML cannot hold', async () => {
    const connection = connect();
    expect(await connection.signIn(USER.username, 'wrong')).toEqual({ ok: false });
    expect(server.requests).toHaveLength(1);
    for (const impossible of ['', 'a\0b', 'a\u001bb', '\ud800', '\uffff']) {
      expect(await connection.signIn(USER.username, impossible)).toEqual({ ok: false });
      expect(await connection.signIn(impossible, USER.password)).toEqual({ ok: false });
    }
    expect(server.requests).toHaveLength(1);
  });
});

describe('an assertion that is not good enough signs nobody in', () => {
  it.each<[string, Partial<AdfsAnswer>, string]>([
    ['for another audience', { audience: 'urn:other' }, 'other_audience'],
    ['for an audience that contains ours', { audience: `${AUDIENCE}:other` }, 'other_audience'],
    ['over', { notBefore: -7_200_000, notOnOrAfter: -120_000 }, 'not_valid_now'],
    ['not valid yet', { notBefore: 120_000 }, 'not_valid_now'],
    [
      'under a name for one sign-in only',
      { nameIdFormat: 'urn:x:nameid-format:transient' },
      'no_lasting_name_identifier',
    ],
    ['without a name', { nameId: '' }, 'no_lasting_name_identifier'],
    ['with markup in the name', { nameId: 'alice<x/>.evil' }, 'no_lasting_name_identifier'],
    ['with a comment in the name', { nameId: 'alice<!-- -->.evil' }, 'not_xml'],
  ])('%s', async (_case, answer, reason) => {
    for (const version of ['1.1', '2.0'] as const) {
      server.answer = { ...answer, version };
      await expect(signIn()).rejects.toThrow(`corp is unavailable: ${reason}`);
    }
  });

  it('without times or audience', async () => {
    const bare = '<Assertion><Subject><NameID>alice</NameID></Subject></Assertion>';
    server.answer = { raw: { status: 200, body: collection(bare) } };
    await expect(signIn()).rejects.toThrow('other_audience');
    const conditions = `<Conditions><AudienceRestriction><Audience>${AUDIENCE}</Audience></AudienceRestriction></Conditions>`;
    const timeless = `<Assertion><Subject><NameID>alice</NameID></Subject>${conditions}</Assertion>`;
    server.answer = { raw: { status: 200, body: collection(timeless) } };
    await expect(signIn()).rejects.toThrow('not_valid_now');
  });

  it.each([
    ['AudienceRestriction', 'SAML 2.0'],
    ['AudienceRestrictionCondition', 'SAML 1.1'],
  ])('with a second %s that does not name us (%s)', async (element) => {
    const restrictions = [AUDIENCE, 'urn:other'].map((it) => `<${element}><Audience>${it}</Audience></${element}>`);
    const times = 'NotBefore="2000-01-01T00:00:00Z" NotOnOrAfter="2100-01-01T00:00:00Z"';
    const conditions = `<Conditions ${times}>${restrictions.join('')}</Conditions>`;
    const narrow = `<Assertion><Subject><NameID>alice</NameID></Subject>${conditions}</Assertion>`;
    server.answer = { raw: { status: 200, body: collection(narrow) } };
    await expect(signIn()).rejects.toThrow('other_audience');
    const wide = narrow.replace(`</Audience></${element}><${element}>`, '</Audience>');
    server.answer = { raw: { status: 200, body: collection(wide) } };
    expect(await signIn()).toMatchObject({ ok: true });
  });

  it('of which there are two', async () => {
    const one = '<Assertion><Subject><NameID>alice</NameID></Subject></Assertion>';
    server.answer = { raw: { status: 200, body: collection(one + one) } };
    await expect(signIn()).rejects.toThrow('no_assertion');
  });
});

describe('a server in trouble is DependencyUnavailable, not a wrong password', () => {
  const raw = (status: number, body: string): AdfsAnswer['raw'] => ({ status, body });
  const bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>';

  it.each<[string, AdfsAnswer['raw']]>([
    ['another fault', raw(500, fault('a:RequestFailed'))],
    ['a page', raw(503, '<html><body>Service Unavailable<br></body></html>')],
    ['nothing', raw(200, '')],
    ['broken XML', raw(200, '<s:Envelope><s:Body>')],
    ['a document type', raw(200, bomb)],
    ['an external entity', raw(200, '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')],
    ['deep nesting', raw(200, `${'<a>'.repeat(5_000)}${'</a>'.repeat(5_000)}`)],
    ['a redirect', 'redirect'],
    ['two megabytes', 'endless'],
    ['a hang-up', 'hang up'],
  ])('%s', async (_case, answer) => {
    server.answer = { raw: answer };
    const error = await signIn().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(String(error)).not.toContain(USER.password);
    expect(server.requests).toHaveLength(1);
  });
});

describe('OAuth, where the server offers it', () => {
  let provider: OutsideProvider;
  beforeEach(async () => {
    provider = await startOutsideProvider({}, '/adfs');
  });
  afterEach(() => provider.close());

  const oauth = () => ({
    server: new URL(provider.issuer).origin,
    flow: 'oauth',
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
  });

  it('signs in by the password grant, with the claims of AD FS', async () => {
    provider.people.set('bob', { upn: 'bob@corp.example', unique_name: 'CORP\\bob' });
    const connection = connect(oauth());
    expect(await connection.signIn('bob', PASSWORD)).toMatchObject({
      ok: true,
      identity: { subject: 'corp|bob', username: 'bob@corp.example', name: 'CORP\\bob', roles: [] },
    });
    expect(await connection.signIn('bob', 'wrong')).toEqual({ ok: false });
  });
});

describe('options', () => {
  it.each([
    ['http', { server: 'http://adfs.example.com', allow_insecure: true }],
    ['oauth without a client', { flow: 'oauth' }],
    ['no audience', { audience: undefined }],
    ['a path that is none', { path: 'x?y' }],
  ])('refuse %s', (_case, change) => {
    const options = { server: 'https://adfs.example.com', audience: AUDIENCE };
    expect(adfs.options.safeParse(options).success).toBe(true);
    expect(adfs.options.safeParse({ ...options, ...change }).success).toBe(false);
  });
});
