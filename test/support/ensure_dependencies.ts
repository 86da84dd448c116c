import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * Finds or installs the programs that tests and benchmarks run: real servers and a real browser, which npm does not bring.
 * Runs before `npm test`. A missing program is installed or ends the run; no test is skipped for want of one.
 */

/** A program on the PATH, or a file by its whole path → the Debian package that brings it. */
type Programs = Readonly<Record<string, string>>;

const FOR_TESTS: Programs = {
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  chromium: 'chromium',
  slapd: 'slapd',
  ldapmodify: 'ldap-utils',
  openssl: 'openssl',
  nginx: 'nginx',
  apache2: 'apache2',
  haproxy: 'haproxy',
  caddy: 'caddy',
  slowhttptest: 'slowhttptest',
};

/**
 * Runs its arguments while Debian's packages may start no daemon: tests start the servers they need on ports of their own, and a
 * second one on the standard port may be refused, which would fail the installation.
 */
const WITHOUT_DAEMONS = `policy=/usr/sbin/policy-rc.d
[ -e $policy ] && exec "$@"
trap "rm -f $policy" EXIT
printf '#!/bin/sh\\nexit 101\\n' >$policy && chmod +x $policy
"$@"`;

/** Returns once every program is there; otherwise says in one line what to install and ends the process with 1. */
export function ensurePrograms(programs: Programs): void {
  const absent = missing(programs);
  if (absent.length === 0) return;

  const packages = [...new Set(absent.map((program) => programs[program] ?? program))];
  const administrator = commandPrefixForRoot();
  if (administrator && isOnPath('apt-get')) {
    console.log(`Missing: ${absent.join(', ')}. Installing with apt-get: ${packages.join(' ')}`);
    const apt = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q'];
    // A stale package list is the usual reason for a failing install, and a failing update (one broken mirror) may still do.
    run([...administrator, ...apt, 'update']);
    const install = [...apt, 'install', '-y', '--no-install-recommends', ...packages];
    run([...administrator, 'sh', '-c', WITHOUT_DAEMONS, 'sh', ...install]);
  }

  const still = missing(programs);
  if (still.length === 0) return;
  console.error(`Please install ${still.join(', ')} (on Debian: apt-get install ${packages.join(' ')}) and try again.`);
  process.exit(1);
}

function missing(programs: Programs): string[] {
  return Object.keys(programs).filter((program) => !isOnPath(program));
}

/** Looks at the files instead of running `which`: a check that finds everything costs no process. */
function isOnPath(program: string): boolean {
  if (isAbsolute(program)) return existsSync(program);
  // Debian keeps servers in sbin, which an ordinary user's PATH lacks.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What to put before a command to run it as root: nothing, `sudo`, or undefined where that would ask for a password. */
function commandPrefixForRoot(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return isOnPath('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : undefined;
}

function run([program = '', ...args]: string[]): void {
  spawnSync(program, args, { stdio: 'inherit' });
}

if (import.meta.main) ensurePrograms(FOR_TESTS);
