import { isLoopback } from '../../model/loopback.ts';
import { secretHash } from '../secret_hash.ts';
import { connectionUsers } from '../users.ts';
import type { Check } from './check.ts';

/** Everybody who has read our documentation knows these. */
export const DEMO_SECRETS = ['demo-secret', 'wonderland', 'looking-glass'] as const;

/** The password hashes of `config/gatehouse.yaml`, which are as public as the passwords. */
export const DEMO_PASSWORD_HASHES: readonly string[] = [
  '$argon2id$v=19$m=19456,t=2,p=1$UZMQjcvjY3TH5xU+hSYTTA$UgchgD28+srqpqwYgL2JQ3tu3uM+EM49+WjZaWkEgyY',
  '$argon2id$v=19$m=19456,t=2,p=1$dTlBR6D24/1LfiYoHYTmvQ$2vzl+YBXLjctALAh794oin82/NSvC5u/FDqHS0Ej1Fs',
];

/** The demo's secrets are fine on one's own machine and an open door on any other. */
export const demoSecrets: Check = ({ sections, reader }) => {
  const hosts = [sections.listen.values.host, sections.admin.values.host];
  const open = hosts.find((host) => host !== undefined && !isLoopback(host));
  if (open === undefined) return;
  const why = `is a demo secret, which everybody knows, and the gateway listens on ${open}`;

  const known = new Set(DEMO_SECRETS.map(secretHash));
  for (const { path, values } of sections.clients) {
    if (values.secret !== undefined && known.has(secretHash(values.secret))) {
      reader.report(
        [...path, 'secret'],
        `${why}: write a secret of your own, such as one from \`openssl rand -hex 32\``,
      );
    }
    if (values.secret_hash !== undefined && known.has(values.secret_hash)) {
      reader.report([...path, 'secret_hash'], `${why}: write the hash of a secret of your own`);
    }
  }
  for (const { path, user } of sections.connections.flatMap(connectionUsers)) {
    if (!DEMO_PASSWORD_HASHES.includes(user.passwordHash)) continue;
    reader.report(
      [...path, 'password_hash'],
      `${why}: write what \`gatehouse hash-password\` prints for another password`,
    );
  }
};
