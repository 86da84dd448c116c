import type { Check } from './check.ts';
import { belongTogether, objectionTo } from './listeners.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** What a route says about TLS to its targets: files that can be used, and targets that speak it. */
export const upstreamTls: Check = ({ sections, reader, readFile }) => {
  for (const { path, values } of sections.routes) {
    const { tls, targets } = values.upstream ?? {};
    if (!tls || !targets) continue;
    const at = [...path, 'upstream', 'tls'];
    if (!targets.some((target) => target.startsWith('https:')))
      reader.report(at, 'has no effect: none of the targets is an https URL', 'key');
    let sound = true;
    for (const key of ['ca', 'cert', 'key'] as const) {
      const file = tls[key];
      const objection = file && objectionTo(readFile, file, key === 'key' ? PRIVATE_KEY : CERTIFICATE);
      if (objection) reader.report([...at, key], `the file it names ${objection}`);
      if (objection) sound = false;
    }
    if ((tls.cert === undefined) !== (tls.key === undefined))
      reader.report(at, 'must have cert and key together, or neither', 'key');
    else if (sound && tls.cert && tls.key && !belongTogether(readFile(tls.cert), readFile(tls.key)))
      reader.report([...at, 'key'], 'the file it names is not the private key of the certificate');
  }
};
