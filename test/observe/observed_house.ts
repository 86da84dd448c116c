import { readFileSync } from 'node:fs';
import { variants } from '../../src/compose.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { composeHouse, type House } from '../../src/house.ts';
import { until } from './until.ts';

/** A whole gateway in this process, whose every line can be read. */
export interface ObservedHouse {
  readonly house: House;
  readonly url: string;
  readonly admin: string;
  lines(): string[];
  /** Resolves with the first event of this name, past or future, that the log has. */
  event(name: string, is?: (event: LoggedEvent) => boolean): Promise<LoggedEvent>;
  /** Puts another configuration in its place. @returns the problems. */
  reload(yaml: string): Promise<readonly string[]>;
  token(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

export interface LoggedEvent {
  readonly event: string;
  readonly [detail: string]: unknown;
}

/** Clients and a user to observe: `demo-app` / `demo-secret`, `alice` / `wonderland`, and everything in memory. */
export const PEOPLE = `
listen: { host: 127.0.0.1, port: 0 }
admin: { host: 127.0.0.1, port: 0 }
store: { type: memory }
clients:
  - id: demo-app
    secret: demo-secret
    grants: [password, refresh_token, client_credentials, authorization_code]
    redirect_uris: [http://127.0.0.1:3000/callback]
    scopes: [demo:read]
connections:
  - { name: users, type: database, users: [ { id: u-alice, username: alice, password_hash: '$argon2id$v=19$m=19456,t=2,p=1$UZMQjcvjY3TH5xU+hSYTTA$UgchgD28+srqpqwYgL2JQ3tu3uM+EM49+WjZaWkEgyY' } ] }
`;

export async function observedHouse(yaml: string): Promise<ObservedHouse> {
  const read = (text: string) =>
    parseConfig(text, {
      ...{ file: 'gatehouse.yaml', env: {}, variants },
      readFile: (path) => readFileSync(path, 'utf8'),
    });
  let log = '';
  const output = { write: (text: string) => (log += text) };
  const house = await composeHouse(read(yaml), { output, admin: 'own' });
  const { url, admin = '' } = await house.listen();
  const lines = () => {
    house.log.flush();
    return log.split('\n').filter((line) => line !== '');
  };
  const events = (): LoggedEvent[] =>
    lines()
      .filter((line) => line.startsWith('{') && line.includes('"event":'))
      .map((line) => JSON.parse(line) as LoggedEvent);
  return {
    ...{ house, url, admin, lines },
    event: (name, is = () => true) => until(() => events().find((it) => it.event === name && is(it))),
    reload: (text) => house.reload(async () => read(text)),
    token: (form, headers) =>
      fetch(`${url}/oauth2/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa('demo-app:demo-secret')}`, ...headers },
        body: new URLSearchParams(form),
      }),
    close: () => house.drain(),
  };
}
