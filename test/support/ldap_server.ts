import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { accepts, freePort } from './ports.ts';

/**
 * Real OpenLDAP servers for tests: started on free ports with a folder of their own, killed, frozen and brought back.
 * They accept unauthenticated binds (`allow bind_anon_dn`): a name with an empty password is a success, as RFC 4513 §5.1.2 has it.
 */
export interface LdapServer {
  readonly url: string;
  readonly secureUrl: string;
  /** The certificate of the authority that signed the server's, as PEM. */
  readonly ca: string;
  /** Freezes the process: connections are taken, nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Starts again on the same ports with the same data. */
  restart(): Promise<void>;
  /** Changes entries as the administrator. @param ldif with a `changetype` for each. */
  modify(ldif: string): Promise<void>;
  /** What the server logged: connections, binds and searches, with names, without passwords. */
  log(): string;
  stop(): Promise<void>;
}

export const BASE = 'dc=example,dc=com';
export const SERVICE = { bind_dn: `cn=gatehouse,${BASE}`, bind_password: 'service-secret' };
const ADMINISTRATOR = { dn: `cn=root,${BASE}`, password: 'root-secret' };

const HOST = '127.0.0.1';
const READY_MS = 10_000;
const ATTEMPTS = 5;
/** Debian keeps servers in sbin, which an ordinary user's PATH lacks. */
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin` };

/** The part of Active Directory's schema that sign-ins need, with Microsoft's names and numbers. */
const ACTIVE_DIRECTORY = `
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top AUXILIARY MAY ( sAMAccountName $ objectGUID $ userAccountControl ) )
`;

const settings = (folder: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
${ACTIVE_DIRECTORY}
modulepath /usr/lib/ldap
moduleload back_mdb
allow bind_anon_dn bind_anon_cred
loglevel stats
pidfile ${folder}/slapd.pid
TLSCertificateFile ${folder}/server.pem
TLSCertificateKeyFile ${folder}/server.key
database mdb
suffix "${BASE}"
rootdn "${ADMINISTRATOR.dn}"
rootpw ${ADMINISTRATOR.password}
directory ${folder}/data
dbnosync
index objectClass,uid,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE.bind_dn}" read by * none
# Fifty entries in one answer; more come in pages only, of a hundred at most.
limits dn.exact="${SERVICE.bind_dn}" size=50 size.pr=100 size.prtotal=unlimited
`;

const FOUNDATION = `
dn: ${BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${BASE}
objectClass: organizationalUnit
ou: groups

dn: ${SERVICE.bind_dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: gatehouse
userPassword: ${SERVICE.bind_password}
`;

/** @param ldif entries below `ou=people` and `ou=groups` of `BASE`, besides those and the service account. */
export async function startLdap(ldif: string): Promise<LdapServer> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ldap-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'slapd.conf'), settings(folder));
  await writeFile(join(folder, 'data.ldif'), `${FOUNDATION}\n${ldif}`);
  const ca = await makeCertificates(folder);
  await run('slapadd', ['-q', '-f', join(folder, 'slapd.conf'), '-l', join(folder, 'data.ldif')]);

  for (let attempt = 1; ; attempt += 1) {
    const server = new Server(folder, ca, await freePort(), await freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.kill();
      if (attempt === ATTEMPTS || !String(error).includes('Address already in use')) throw error;
    }
  }
}

class Server implements LdapServer {
  readonly url: string;
  readonly secureUrl: string;
  readonly ca: string;
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(folder: string, ca: string, port: number, securePort: number) {
    this.#folder = folder;
    this.#port = port;
    this.ca = ca;
    this.url = `ldap://${HOST}:${port}`;
    this.secureUrl = `ldaps://${HOST}:${securePort}`;
  }

  async start(): Promise<void> {
    // -d keeps it in the foreground; `stats` is what `log` shows.
    const args = ['-f', join(this.#folder, 'slapd.conf'), '-h', `${this.url} ${this.secureUrl}`, '-d', 'stats'];
    const child = spawn('slapd', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#output = (this.#output + chunk).slice(-1_000_000);
    });
    await once(child, 'spawn'); // throws ENOENT when slapd is not installed
    this.#process = child;
    watch(child, this.#folder);
    const deadline = performance.now() + READY_MS;
    while (!(await accepts(this.#port))) {
      if (child.exitCode !== null) throw new Error(`slapd exited with ${child.exitCode}:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`slapd on ${this.#port} does not answer:\n${this.#output}`);
      await delay(10);
    }
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL'); // also ends a frozen process
    await exit;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async modify(ldif: string): Promise<void> {
    const file = join(this.#folder, 'change.ldif');
    await writeFile(file, ldif);
    await run('ldapmodify', ['-x', '-H', this.url, '-D', ADMINISTRATOR.dn, '-w', ADMINISTRATOR.password, '-f', file]);
  }

  log(): string {
    return this.#output;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Kills the server and removes its folder when we die, however that happens: then the pipe to the watcher closes. */
function watch(child: ChildProcess, folder: string): void {
  const watcher = spawn('sh', ['-c', 'cat >/dev/null; kill -9 "$0"; rm -rf "$1"', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Its own process group: a Ctrl-C in the terminal must reach the tests, not the watcher before it has done its work.
    detached: true,
  });
  child.once('exit', () => watcher.kill('SIGKILL'));
  for (const it of [child, watcher]) it.unref();
}

/** An authority, and a certificate for 127.0.0.1 that it signed. @returns the authority's certificate. */
async function makeCertificates(folder: string): Promise<string> {
  const at = (name: string) => join(folder, name);
  const fresh = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await run('openssl', [...fresh, '-subj', '/CN=Test authority', '-keyout', at('ca.key'), '-out', at('ca.pem')]);
  const names = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE', '-CA', at('ca.pem'), '-CAkey', at('ca.key')];
  await run('openssl', [...fresh, ...names, ...leaf, '-keyout', at('server.key'), '-out', at('server.pem')]);
  return readFile(at('ca.pem'), 'utf8');
}

async function run(program: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(program, args, { env });
}

/** A person below `ou=people`, as LDIF. @param more further lines. */
export const person = (uid: string, password: string, more = ''): string => `
dn: uid=${uid},ou=people,${BASE}
objectClass: inetOrgPerson
objectClass: user
uid: ${uid}
cn: ${uid}
sn: ${uid}
userPassword: ${password}
${more}
`;

/** A group below `ou=groups`, as LDIF. */
export const group = (cn: string, ...members: readonly string[]): string => `
dn: cn=${cn},ou=groups,${BASE}
objectClass: groupOfNames
cn: ${cn}
${members.map((uid) => `member: uid=${uid},ou=people,${BASE}`).join('\n')}
`;
