import { randomUUID } from 'node:crypto';

export interface TokenOrder {
  /** The endpoint's own URL (WS-Addressing `To`). */
  readonly to: string;
  /** The relying party that the assertion is to be for. */
  readonly audience: string;
  readonly username: string;
  readonly password: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** How long the server may take a request for a new one. */
const LIFETIME = 5 * 60_000;

/**
 * The SOAP 1.2 message that asks for a SAML assertion (WS-Trust 1.3 §4.4, user name and password by WS-Security UsernameToken).
 * @returns undefined when the name or the password has characters that no XML can hold, so that nobody can have it.
 */
export function requestSecurityToken({ to, audience, username, password, now }: TokenOrder): string | undefined {
  const [name, secret] = [escaped(username), escaped(password)];
  if (name === undefined || secret === undefined) return undefined;
  const time = (at: number) => new Date(at).toISOString();
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
<s:Header>
<a:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</a:Action>
<a:MessageID>urn:uuid:${randomUUID()}</a:MessageID>
<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>
<a:To s:mustUnderstand="1">${escaped(to)}</a:To>
<o:Security s:mustUnderstand="1" xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
<u:Timestamp u:Id="_0"><u:Created>${time(now)}</u:Created><u:Expires>${time(now + LIFETIME)}</u:Expires></u:Timestamp>
<o:UsernameToken u:Id="_1"><o:Username>${name}</o:Username><o:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">${secret}</o:Password></o:UsernameToken>
</o:Security>
</s:Header>
<s:Body>
<trust:RequestSecurityToken xmlns:trust="http://docs.oasis-open.org/ws-sx/ws-trust/200512">
<wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>${escaped(audience)}</a:Address></a:EndpointReference></wsp:AppliesTo>
<trust:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</trust:KeyType>
<trust:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</trust:RequestType>
<trust:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</trust:TokenType>
</trust:RequestSecurityToken>
</s:Body>
</s:Envelope>`;
}

/** Everything outside `Char` of XML 1.0 §2.2: not even as a reference may it occur. */
const NO_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** References for whatever a parser would read as markup, and for white space that it would normalise. */
function escaped(text: string): string | undefined {
  if (NO_XML.test(text)) return undefined;
  return text.replace(/[&<>"'\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
