import { ROLES } from '../../../admin/operation.ts';
import type { UserView } from '../../../admin/user_view.ts';
import { type Html, html } from '../../../http/pages/html.ts';
import { LONGEST_PASSWORD, SHORTEST_PASSWORD } from '../../../model/password_rules.ts';
import type { Fields } from '../fields.ts';
import { areaField, choicesField, inputField, type Trouble } from '../parts/forms.ts';

/** What is in the fields of a user's form: from the user, or as it was typed. Passwords never come back. */
export interface TypedUser {
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly roles: readonly string[];
  /** Those that this page knows nothing of, one per line. */
  readonly furtherRoles: string;
}

export const NOBODY: TypedUser = { username: '', name: '', email: '', phone: '', roles: [], furtherRoles: '' };

export const typedOf = (form: Fields): TypedUser => ({
  username: form.exact('username'),
  name: form.exact('name'),
  email: form.exact('email'),
  phone: form.exact('phone_number'),
  roles: form.all('roles'),
  furtherRoles: form.exact('further_roles'),
});

export const typedFrom = (user: UserView): TypedUser => ({
  username: user.username,
  name: user.name ?? '',
  email: user.email ?? '',
  phone: user.phone_number ?? '',
  roles: user.roles.filter(isKnown),
  furtherRoles: user.roles.filter((role) => !isKnown(role)).join('\n'),
});

const isKnown = (role: string): boolean => ROLES.some((known) => known === role);

/** All of them, each once. */
export const rolesOf = ({ roles, furtherRoles }: TypedUser): readonly string[] => [
  ...new Set([...roles, ...furtherRoles.split(/\s+/).filter(Boolean)]),
];

export const LABELS: Readonly<Record<string, string>> = {
  connection: 'Connection',
  username: 'Username',
  name: 'Name',
  email: 'E-mail address',
  phone_number: 'Phone number',
  roles: 'Roles',
  password: 'Password',
};

export const personFields = (typed: TypedUser, trouble: Trouble | undefined): Html => html`${inputField({
  name: 'username',
  label: 'Username',
  value: typed.username,
  hint: 'What they type to sign in. Large and small letters are the same.',
  trouble,
  required: true,
  first: true,
  code: true,
})}
${inputField({ name: 'name', label: 'Name', value: typed.name, trouble })}
${inputField({ name: 'email', label: 'E-mail address', value: typed.email, trouble, type: 'email', code: true })}
${inputField({ name: 'phone_number', label: 'Phone number', value: typed.phone, trouble, type: 'tel', placeholder: '+15550100', hint: 'With the country, as +15550100.' })}
${choicesField({
  name: 'roles',
  label: 'Roles',
  trouble,
  chosen: typed.roles,
  choices: [
    { value: 'admin', hint: 'uses the console and changes everything' },
    { value: 'auditor', hint: 'uses the console and changes nothing' },
  ],
})}
${areaField({ name: 'further_roles', label: 'Further roles', value: typed.furtherRoles, rows: 2, hint: 'One per line, for what stands behind the gateway.', code: true })}`;

export const passwordField = (trouble: Trouble | undefined, first = false): Html =>
  inputField({
    name: 'password',
    label: 'Password',
    type: 'password',
    trouble,
    required: true,
    first,
    longest: LONGEST_PASSWORD,
    autocomplete: 'new-password',
    hint: `At least ${SHORTEST_PASSWORD} characters; a few words are easy to remember. Tell it to them in a way that nobody else hears.`,
  });
