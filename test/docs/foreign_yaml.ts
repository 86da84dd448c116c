import { readFileSync } from 'node:fs';
import { ConfigError, formatProblem } from '../../src/config/problems.ts';
import { checked } from './configurations.ts';

/** What can be said of YAML that other programs read: that it is of the kind it says, and that what it says of ours is so. */

type Mapping = Record<string, unknown>;

const KINDS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  Service: 'v1',
  ConfigMap: 'v1',
  Secret: 'v1',
  ServiceAccount: 'v1',
  Ingress: 'networking.k8s.io/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
  PodDisruptionBudget: 'policy/v1',
  HorizontalPodAutoscaler: 'autoscaling/v2',
  ServiceMonitor: 'monitoring.coreos.com/v1',
};

/** The ports and the image's folder that a container of ours has. */
const OURS = ['8080', '8081'];

/** @param kind the word behind `foreign=` */
export function problemsOfForeign(kind: string, documents: readonly unknown[]): readonly string[] {
  switch (kind) {
    case 'kubernetes':
      return problemsOfKubernetes(documents.map(mapping));
    case 'compose':
      return documents.map(mapping).flatMap(problemsOfCompose);
    case 'prometheus':
      return documents.map(mapping).flatMap(problemsOfPrometheus);
    case 'traefik':
      return problemsOfTraefik(mapping(documents[0]));
    case 'kong': // The commands of its page import it.
      return [];
    default:
      return [`foreign=${kind} is not known to the test`];
  }
}

function problemsOfKubernetes(objects: readonly Mapping[]): string[] {
  const problems = objects.flatMap((object) => {
    const { kind, apiVersion, metadata } = object;
    const of = `${kind} ${mapping(metadata)['name']}`;
    return [
      ...(KINDS[String(kind)] === apiVersion ? [] : [`${of}: apiVersion ${apiVersion} is not of this kind`]),
      ...(typeof mapping(metadata)['name'] === 'string' ? [] : [`${of}: has no name`]),
      ...(kind === 'ConfigMap' ? problemsOfConfigMap(mapping(object['data'])) : []),
    ];
  });
  const deployments = objects.filter(({ kind }) => kind === 'Deployment');
  for (const { spec } of deployments) problems.push(...problemsOfDeployment(mapping(spec), objects));
  for (const { spec } of objects.filter(({ kind }) => kind === 'Service' || kind === 'PodDisruptionBudget')) {
    const { selector, ports } = mapping(spec);
    const labels = mapping(mapping(selector)['matchLabels'] ?? selector);
    const chosen = deployments.map((it) => at(it, 'spec', 'template', 'metadata', 'labels'));
    const fits = chosen.some((it) => Object.entries(labels).every(([key, value]) => mapping(it)[key] === value));
    if (deployments.length > 0 && !fits) problems.push(`selector ${JSON.stringify(labels)} chooses no pod of the page`);
    for (const port of list(ports)) {
      const target = String(mapping(port)['targetPort'] ?? mapping(port)['port']);
      const named = deployments.flatMap(portNames);
      if (!OURS.includes(target) && !named.includes(target)) problems.push(`targetPort ${target} is no port of ours`);
    }
  }
  return problems;
}

function problemsOfConfigMap(data: Mapping): string[] {
  return Object.entries(data).flatMap(([name, text]) => {
    if (!name.endsWith('.yaml')) return [];
    try {
      checked(String(text), name);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems.map(formatProblem);
      throw error;
    }
  });
}

function problemsOfDeployment(spec: Mapping, objects: readonly Mapping[]): string[] {
  const labels = mapping(at(spec, 'template', 'metadata', 'labels'));
  const wanted = mapping(at(spec, 'selector', 'matchLabels'));
  const problems = Object.entries(wanted)
    .filter(([key, value]) => labels[key] !== value)
    .map(([key]) => `the Deployment's selector does not choose its own pods (${key})`);
  const pod = mapping(at(spec, 'template', 'spec'));
  const volumes = list(pod['volumes']).map(mapping);
  for (const container of list(pod['containers']).map(mapping)) {
    for (const port of list(container['ports'])) {
      const number = String(mapping(port)['containerPort']);
      if (!OURS.includes(number)) problems.push(`containerPort ${number} is none of ours`);
    }
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      const path = at(container, probe, 'httpGet', 'path');
      if (path !== undefined && path !== '/health/live' && path !== '/health/ready')
        problems.push(`${probe} asks for ${path}`);
    }
    for (const mount of list(container['volumeMounts']).map(mapping)) {
      if (!volumes.some(({ name }) => name === mount['name'])) problems.push(`no volume ${mount['name']}`);
    }
    if (!/^[\w./-]+:[\w.-]+$/.test(String(container['image']))) problems.push(`image ${container['image']} has no tag`);
  }
  for (const volume of volumes) {
    const name = at(volume, 'configMap', 'name');
    const there = objects.some((it) => it['kind'] === 'ConfigMap' && at(it, 'metadata', 'name') === name);
    if (name !== undefined && !there) problems.push(`no ConfigMap ${name} on the page`);
  }
  return problems;
}

const portNames = (deployment: Mapping): string[] =>
  list(at(deployment, 'spec', 'template', 'spec', 'containers'))
    .flatMap((it) => list(mapping(it)['ports']))
    .map((it) => String(mapping(it)['name']));

function problemsOfCompose(document: Mapping): string[] {
  const services = mapping(document['services']);
  const shipped = readFileSync('compose.yaml', 'utf8');
  return Object.entries(services).flatMap(([name, service]) => {
    const { image, ports, depends_on: needed } = mapping(service);
    const problems: string[] = [];
    if (String(image).startsWith('redis:') && !shipped.includes(`image: ${image}`))
      problems.push(`${name}: ${image} is not the Redis that compose.yaml has`);
    for (const port of list(ports)) {
      const inside = String(port).split(':').at(-1) ?? '';
      if (name.startsWith('gateway') && !OURS.includes(inside))
        problems.push(`${name}: port ${inside} is none of ours`);
    }
    for (const other of Object.keys(mapping(needed)))
      if (!(other in services) && !shipped.includes(`  ${other}:`)) problems.push(`no service ${other}`);
    return problems;
  });
}

function problemsOfPrometheus(document: Mapping): string[] {
  return list(document['scrape_configs'])
    .map(mapping)
    .flatMap((job) => {
      // config/prometheus/alerts.yaml asks for a job of this name.
      const problems = job['job_name'] === 'gatehouse' ? [] : [`the alerts are about the job gatehouse`];
      const targets = list(job['static_configs']).flatMap((it) => list(mapping(it)['targets']));
      return [
        ...problems,
        ...targets.filter((it) => !String(it).endsWith(':8081')).map((it) => `${it}: not the admin port`),
      ];
    });
}

function problemsOfTraefik(document: Mapping): string[] {
  const { routers, services } = mapping(document['http']);
  const wanted = Object.values(mapping(routers)).map((it) => String(mapping(it)['service']));
  const servers = Object.values(mapping(services)).flatMap((it) => list(at(it, 'loadBalancer', 'servers')));
  const elsewhere = servers.map((it) => String(mapping(it)['url'])).filter((url) => !url.endsWith(':8080'));
  const unknown = wanted.filter((name) => !(name in mapping(services)));
  return [...unknown.map((name) => `no service ${name}`), ...elsewhere.map((url) => `${url} is not our port`)];
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((it, key) => mapping(it)[key], value);
}
const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
