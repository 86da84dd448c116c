import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** What came back: an assertion, "wrong name or password", or anything else, with a word for the log. */
export type TrustAnswer =
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unusable'; readonly reason: string };

/** The parts of a SAML 1.1 or 2.0 assertion that are looked at. Times are milliseconds since the epoch. */
export interface Assertion {
  /** The name identifier; undefined for one that is another at every sign-in. */
  readonly subject: string | undefined;
  /** Those that every restriction names: each of several must hold (SAML 2.0 Core §2.5.1.4). */
  readonly audiences: readonly string[];
  readonly notBefore: number;
  readonly notOnOrAfter: number;
  /** Claim type (a URI) → its values. */
  readonly claims: ReadonlyMap<string, readonly string[]>;
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  // Numeric references are read only with these.
  htmlEntities: true,
  maxNestedTags: 64,
});

/**
 * Reads the answer of a WS-Trust 1.3 endpoint. Strict: well-formed, and without comments, CDATA and document types, in which parsers
 * differ about where a name ends; no server of this protocol sends them.
 */
export function readAnswer(xml: string): TrustAnswer {
  if (xml.includes('<!') || XMLValidator.validate(xml) !== true) return unusable('not_xml');
  let envelope: Node | undefined;
  try {
    envelope = only(parser.parse(xml), 'Envelope');
  } catch {
    return unusable('not_xml');
  }
  const body = only(envelope, 'Body');
  const fault = only(body, 'Fault');
  if (fault) return faultOf(fault);
  const responses = only(body, 'RequestSecurityTokenResponseCollection');
  const token = only(only(responses, 'RequestSecurityTokenResponse'), 'RequestedSecurityToken');
  const assertion = only(token, 'Assertion');
  return assertion ? { kind: 'assertion', assertion: assertionOf(assertion) } : unusable('no_assertion');
}

/** SOAP 1.2 §5.4. Whoever asks is told the same for a wrong name, a wrong password and a locked account. */
function faultOf(fault: Node): TrustAnswer {
  const code = textOf(only(only(only(fault, 'Code'), 'Subcode'), 'Value')) ?? '';
  const word = code.slice(code.indexOf(':') + 1);
  if (word === 'FailedAuthentication') return { kind: 'refused' };
  return unusable(/^[A-Za-z]{1,64}$/.test(word) ? `fault_${word}` : 'fault');
}

function assertionOf(assertion: Node): Assertion {
  const conditions = only(assertion, 'Conditions');
  // SAML 1.1 says AudienceRestrictionCondition, and has the subject inside its statements.
  const restrictions = [...all(conditions, 'AudienceRestriction'), ...all(conditions, 'AudienceRestrictionCondition')];
  const statements = all(assertion, 'AttributeStatement');
  const [first = [], ...more] = restrictions.map((each) => all(each, 'Audience').flatMap((it) => textOf(it) ?? []));
  const subjects = [assertion, ...all(assertion, 'AuthenticationStatement'), ...statements].flatMap((each) =>
    all(each, 'Subject'),
  );
  const names = subjects.flatMap((each) => [...all(each, 'NameID'), ...all(each, 'NameIdentifier')]);
  const texts = new Set(names.filter(isLasting).flatMap((name) => textOf(name) ?? []));
  const claims = new Map<string, readonly string[]>();
  for (const attribute of statements.flatMap((statement) => all(statement, 'Attribute'))) {
    const type = claimType(attribute);
    const values = all(attribute, 'AttributeValue').flatMap((value) => textOf(value) ?? []);
    if (type !== undefined) claims.set(type, [...(claims.get(type) ?? []), ...values]);
  }
  return {
    subject: texts.size === 1 ? [...texts][0] : undefined,
    audiences: first.filter((audience) => more.every((others) => others.includes(audience))),
    notBefore: timeOf(conditions, '@NotBefore'),
    notOnOrAfter: timeOf(conditions, '@NotOnOrAfter'),
    claims,
  };
}

/** In SAML 1.1 the URI of a claim is in two pieces. */
function claimType(attribute: Node): string | undefined {
  const [namespace, name] = [attributeOf(attribute, '@AttributeNamespace'), attributeOf(attribute, '@AttributeName')];
  if (namespace !== undefined && name !== undefined) return `${namespace}/${name}`;
  return attributeOf(attribute, '@Name');
}

const isLasting = (name: Node): boolean => !attributeOf(name, '@Format')?.endsWith(':transient');

/** NaN, which is neither before nor after anything, for what is no time. */
function timeOf(node: Node | undefined, name: string): number {
  const text = attributeOf(node, name) ?? '';
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** An element: text alone, or a mapping of child names and `@` attributes; several children of one name are a list. */
type Node = string | Readonly<Record<string, unknown>>;

const isNode = (value: unknown): value is Node =>
  typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value));

function all(node: unknown, name: string): readonly Node[] {
  if (!isNode(node) || typeof node === 'string' || !Object.hasOwn(node, name)) return [];
  const found = node[name];
  return (Array.isArray(found) ? found : [found]).filter(isNode);
}

/** The one child of that name; undefined as well if there are several. */
function only(node: unknown, name: string): Node | undefined {
  const found = all(node, name);
  return found.length === 1 ? found[0] : undefined;
}

function attributeOf(node: Node | undefined, name: string): string | undefined {
  const value = typeof node === 'object' && Object.hasOwn(node, name) ? node[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** Undefined for what has child elements too: a name with markup inside is no name. */
function textOf(node: Node | undefined): string | undefined {
  if (typeof node === 'object' && Object.keys(node).some((key) => !/^[#@]/.test(key))) return undefined;
  const text = typeof node === 'string' ? node : attributeOf(node, '#');
  return text === '' ? undefined : text;
}

const unusable = (reason: string): TrustAnswer => ({ kind: 'unusable', reason });
