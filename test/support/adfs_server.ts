import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XMLParser } from 'fast-xml-parser';

/**
 * The `usernamemixed` endpoint of AD FS. AD FS itself runs on Windows only, so this one is written from the messages that Microsoft
 * publishes: request and fault as in "STS Integration Paper using WS-* Protocols" and [MS-WSTEP] §4.1, the answer as in the samples of
 * Microsoft's own client libraries (ADAL), in SAML 1.1 as AD FS sends by default, and in SAML 2.0.
 */
export interface AdfsServer {
  readonly origin: string;
  /** What it was asked, as a strict parser reads it. */
  readonly requests: readonly TrustRequest[];
  /** Changes what it answers from now on. */
  answer: Partial<AdfsAnswer>;
  close(): Promise<void>;
}

export interface TrustRequest {
  readonly contentType: string | undefined;
  readonly action: string;
  readonly to: string;
  readonly appliesTo: string;
  readonly username: string;
  readonly password: string;
}

export interface AdfsAnswer {
  readonly version: '1.1' | '2.0';
  readonly audience: string;
  /** Milliseconds from now. */
  readonly notBefore: number;
  readonly notOnOrAfter: number;
  readonly nameId: string;
  readonly nameIdFormat: string;
  /** Instead of all that: status and body as they are. */
  readonly raw: { readonly status: number; readonly body: string } | 'hang up' | 'redirect' | 'endless';
}

export const AUDIENCE = 'urn:gatehouse';
/** A name and a password full of what XML would read as markup. */
export const USER = { username: 'CORP\\bob <&">\'', password: ']]></o:Password>&amp;\t"\'ü😀' };

export async function startAdfs(path = '/adfs/services/trust/13/usernamemixed'): Promise<AdfsServer> {
  const requests: TrustRequest[] = [];
  const adfs = {
    origin: '',
    requests,
    answer: {} as Partial<AdfsAnswer>,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer(async (request, response) => {
    const asked = readRequest(await textOf(request), request.headers['content-type']);
    requests.push(asked);
    const { raw, ...rest } = adfs.answer;
    if (raw === 'hang up') return void request.socket.destroy();
    if (raw === 'redirect') return void response.writeHead(307, { location: `${adfs.origin}/elsewhere` }).end();
    if (raw === 'endless') return void response.writeHead(200).end('x'.repeat(2_000_000));
    if (raw) return void response.writeHead(raw.status).end(raw.body);
    const known = asked.username === USER.username && asked.password === USER.password;
    const headers = { 'content-type': 'application/soap+xml; charset=utf-8' };
    if (request.url !== path || !known)
      return void response.writeHead(500, headers).end(fault('a:FailedAuthentication'));
    response.writeHead(200, headers).end(issued({ ...DEFAULTS, ...rest }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  adfs.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return adfs;
}

const DEFAULTS: Omit<AdfsAnswer, 'raw'> = {
  version: '1.1',
  audience: AUDIENCE,
  notBefore: -1_000,
  notOnOrAfter: 3_600_000,
  nameId: 'S-1-5-21-1004',
  nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
};

export const fault = (subcode: string): string =>
  envelope(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>
<s:Value xmlns:a="http://docs.oasis-open.org/ws-sx/ws-trust/200512">${subcode}</s:Value></s:Subcode></s:Code>
<s:Reason><s:Text xml:lang="en-US">ID3242: The security token could not be authenticated or authorized.</s:Text></s:Reason></s:Fault>`);

/** @param assertion a whole element. */
export const collection = (assertion: string): string =>
  envelope(`<trust:RequestSecurityTokenResponseCollection xmlns:trust="http://docs.oasis-open.org/ws-sx/ws-trust/200512">
<trust:RequestSecurityTokenResponse Context="">
<trust:Lifetime><wsu:Created xmlns:wsu="urn:wsu">2026-01-01T00:00:00.000Z</wsu:Created></trust:Lifetime>
<trust:RequestedSecurityToken>${assertion}</trust:RequestedSecurityToken>
<trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType>
</trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection>`);

const envelope = (body: string): string =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">
<s:Header><a:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal</a:Action></s:Header>
<s:Body>${body}</s:Body></s:Envelope>`;

function issued(it: Omit<AdfsAnswer, 'raw'>): string {
  const [from, until] = [it.notBefore, it.notOnOrAfter].map((offset) => new Date(Date.now() + offset).toISOString());
  const conditions = `NotBefore="${from}" NotOnOrAfter="${until}"`;
  return collection(it.version === '1.1' ? saml11(it, conditions) : saml20(it, conditions));
}

const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';
const ROLE = 'http://schemas.microsoft.com/ws/2008/06/identity/claims';

function saml11({ audience, nameId, nameIdFormat }: Omit<AdfsAnswer, 'raw'>, conditions: string): string {
  const subject = `<saml:Subject><saml:NameIdentifier Format="${nameIdFormat}">${nameId}</saml:NameIdentifier>
<saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>`;
  const attribute = (namespace: string, name: string, ...values: string[]) =>
    `<saml:Attribute AttributeName="${name}" AttributeNamespace="${namespace}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`;
  return `<saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="_1" Issuer="http://adfs/adfs/services/trust" xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion">
<saml:Conditions ${conditions}><saml:AudienceRestrictionCondition><saml:Audience>${audience}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions>
<saml:AttributeStatement>${subject}
${attribute(IDENTITY, 'upn', 'bob@corp.example')}${attribute(IDENTITY, 'name', 'Bob &amp; Builder')}
${attribute(IDENTITY, 'emailaddress', 'bob@example.com')}${attribute(ROLE, 'role', 'staff', 'admin')}</saml:AttributeStatement>
<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password">${subject}</saml:AuthenticationStatement></saml:Assertion>`;
}

function saml20({ audience, nameId, nameIdFormat }: Omit<AdfsAnswer, 'raw'>, conditions: string): string {
  const attribute = (type: string, value: string) =>
    `<Attribute Name="${type}"><AttributeValue>${value}</AttributeValue></Attribute>`;
  return `<Assertion ID="_1" Version="2.0" xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>http://adfs/adfs/services/trust</Issuer>
<Subject><NameID Format="${nameIdFormat}">${nameId}</NameID></Subject>
<Conditions ${conditions}><AudienceRestriction><Audience>${audience}</Audience></AudienceRestriction></Conditions>
<AttributeStatement>${attribute(`${IDENTITY}/upn`, 'bob@corp.example')}${attribute(`${IDENTITY}/name`, 'Bob &#38; Builder')}${attribute(`${IDENTITY}/emailaddress`, 'bob@example.com')}${attribute(`${ROLE}/role`, 'staff')}</AttributeStatement></Assertion>`;
}

const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  htmlEntities: true,
  trimValues: false,
  ignoreAttributes: true,
});

function readRequest(xml: string, contentType: string | undefined): TrustRequest {
  const { Header, Body } = parser.parse(xml).Envelope;
  const { UsernameToken } = Header.Security;
  const { AppliesTo } = Body.RequestSecurityToken;
  return {
    contentType,
    action: Header.Action,
    to: Header.To,
    appliesTo: AppliesTo.EndpointReference.Address,
    username: UsernameToken.Username,
    password: UsernameToken.Password,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
