import type { Administration } from '../../../admin/administration.ts';
import type { ClientView } from '../../../admin/client_view.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import type { Fields } from '../fields.ts';
import { areaField, boxField, choicesField, inputField, type Trouble } from '../parts/forms.ts';
import { shortGrant } from './list.ts';

/** What is in the fields of a client's form: from the client, or as it was typed. */
export interface TypedClient {
  readonly name: string;
  readonly description: string;
  readonly isPublic: boolean;
  readonly grants: readonly string[];
  /** One per line, as typed. */
  readonly redirectUris: string;
  readonly scopes: string;
  readonly audience: string;
  readonly dialects: readonly string[];
  readonly connections: readonly string[];
}

export const NOTHING_TYPED: TypedClient = {
  name: '',
  description: '',
  isPublic: false,
  grants: [],
  redirectUris: '',
  scopes: '',
  audience: '',
  dialects: [],
  connections: [],
};

export const typedOf = (form: Fields): TypedClient => ({
  name: form.exact('name'),
  description: form.exact('description'),
  isPublic: form.isTicked('public'),
  grants: form.all('grants'),
  redirectUris: form.exact('redirect_uris'),
  scopes: form.exact('scopes'),
  audience: form.exact('audience'),
  dialects: form.all('dialects'),
  connections: form.all('connections'),
});

export const typedFrom = (client: ClientView): TypedClient => ({
  name: client.name,
  description: client.description ?? '',
  isPublic: client.public,
  grants: client.grants,
  redirectUris: client.redirect_uris.join('\n'),
  scopes: client.scopes.join('\n'),
  audience: client.audience.join('\n'),
  dialects: client.dialects ?? [],
  connections: client.connections ?? [],
});

const lines = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

/** The members of the input that creating and changing have in common. */
export const sharedInput = (typed: TypedClient) => ({
  name: typed.name.trim(),
  redirect_uris: lines(typed.redirectUris),
  scopes: lines(typed.scopes),
  audience: lines(typed.audience),
});

export const LABELS: Readonly<Record<string, string>> = {
  name: 'Name',
  description: 'Description',
  redirect_uris: 'Redirect URIs',
  scopes: 'Scopes',
  audience: 'Audience',
  grants: 'Grants',
  dialects: 'Dialects',
  connections: 'Connections',
  public: 'Public',
  terms: 'Terms of use',
};

export interface ClientFields {
  readonly typed: TypedClient;
  readonly trouble: Trouble | undefined;
  readonly choices: Administration['choices'];
}

export const nameFields = ({ typed, trouble }: ClientFields): Html => html`${inputField({
  name: 'name',
  label: 'Name',
  value: typed.name,
  hint: 'What people see when the app asks for their consent.',
  trouble,
  required: true,
  first: true,
})}
${inputField({ name: 'description', label: 'Description', value: typed.description, hint: 'A line about the app.', trouble })}`;

export const reachFields = ({ typed, trouble }: ClientFields, hint: string): Html => html`${areaField({
  name: 'redirect_uris',
  label: 'Redirect URIs',
  value: typed.redirectUris,
  hint,
  trouble,
  code: true,
})}
${areaField({ name: 'scopes', label: 'Scopes', value: typed.scopes, hint: 'What it may ask for, one per line.', trouble, code: true })}`;

export const grantField = ({ typed, trouble, choices }: ClientFields, hint?: string): Html =>
  choicesField({
    name: 'grants',
    label: 'Grants',
    hint,
    trouble,
    chosen: typed.grants,
    choices: choices.grants.map((value) => ({ value, label: shortGrant(value), hint: GRANTS[value] })),
  });

/** What a grant is for, for those who do not know it by its name. */
const GRANTS: Readonly<Record<string, string>> = {
  authorization_code: 'people sign in on our page',
  refresh_token: 'it may stay signed in',
  password: 'it asks for the password itself',
  client_credentials: 'it acts for itself',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'it signs in again with an id_token',
};

export const lesserFields = ({ typed, trouble, choices }: ClientFields): Html => html`${areaField({
  name: 'audience',
  label: 'Audience',
  value: typed.audience,
  hint: 'The audience that its tokens carry, one per line; routes can ask for it.',
  trouble,
  rows: 2,
  code: true,
})}
${choicesField({
  name: 'dialects',
  label: 'Dialects',
  hint: 'Whose endpoints it may use. None ticked: all.',
  trouble,
  chosen: typed.dialects,
  choices: choices.dialects.map((value) => ({ value })),
})}
${choicesField({
  name: 'connections',
  label: 'Connections',
  hint: 'Whose users may sign in to it. None ticked: all.',
  trouble,
  chosen: typed.connections,
  choices: choices.connections.map(({ name, type }) => ({ value: name, hint: type })),
})}`;

export const publicField = ({ typed, trouble }: ClientFields): Html =>
  boxField({
    name: 'public',
    label: 'Public: it cannot keep a secret',
    hint: 'An app in a browser or on a phone. It uses PKCE and has no consumer secret. This cannot be changed later.',
    ticked: typed.isPublic,
    trouble,
  });
