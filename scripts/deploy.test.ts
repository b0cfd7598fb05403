/** The files of deploy/ name ports, paths, variables and times of the code. They cannot all be run here; they can all be compared. */
import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultLimits } from '@fanfare/protocol'
import { readConfig, settingRows } from '../packages/server/src/config.ts'
import { root } from './lib/run.mjs'

const folder = join(root, 'deploy')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

type Tree = { readonly [name: string]: unknown }

/** What is at a path of names and indices. */
const at = (tree: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((node, step) => (node as { [step: string | number]: unknown } | undefined)?.[step], tree)

const yaml = (name: string): Tree => Bun.YAML.parse(read(name)) as Tree

const variables = new Set([...settingRows.map(({ variable }) => variable), 'REDIS_URL'])
const ms = (text: unknown): number => Number.parseInt(String(text), 10) * 1_000

/** Paths of the API that answer anybody. */
const operations = readFileSync(join(root, 'packages/server/src/http/operations.ts'), 'utf8')
const isServed = (path: string) => operations.includes(`api.get('${path}'`)

const compose = yaml('compose.yaml')
const node = at(compose, 'services', 'node1') as Tree
const pod = at(yaml('kubernetes/deployment.yaml'), 'spec', 'template', 'spec') as Tree
const container = at(pod, 'containers', 0) as Tree
const dockerfile = read('Dockerfile')

/** What the image sets: `NAME=value` after ENV. */
const imageEnvironment = Object.fromEntries(
  [...dockerfile.matchAll(/\b(FANFARE_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
)

test('every variable that is set is a setting, and takes that value', () => {
  const ofCompose = at(node, 'environment') as { readonly [name: string]: string }
  const ofPod = (at(container, 'env') as { name: string; value?: string }[]).map(({ name, value }) => [name, value])
  const secret = randomBytes(48).toString('base64')
  for (const given of [imageEnvironment, ofCompose, Object.fromEntries(ofPod)]) {
    expect(Object.keys(given).filter((name) => !variables.has(name))).toEqual([])
    const environment = {
      ...given,
      FANFARE_SECRET: secret,
      ...('REDIS_URL' in given ? { REDIS_URL: 'redis://redis:6379' } : {}),
    }
    expect(readConfig({ environment })).toMatchObject({ ok: true, warnings: [] })
  }
  expect(imageEnvironment).toMatchObject({ FANFARE_MODE: 'production', FANFARE_HOST: '0.0.0.0' })
})

test('the port is the same everywhere', () => {
  const port = Number(imageEnvironment.FANFARE_PORT)
  expect(dockerfile).toContain(`EXPOSE ${port}`)
  expect(at(container, 'env', 0, 'value')).toBe(String(port))
  expect(at(container, 'ports', 0)).toEqual({ name: 'http', containerPort: port })
  expect(at(yaml('kubernetes/service.yaml'), 'spec', 'ports', 0, 'targetPort')).toBe('http')
  for (const name of ['nginx.conf', 'haproxy.cfg']) {
    const servers = [...read(name).matchAll(/\b(node\d):(\d+)/g)]
    expect(servers.map(([, , given]) => Number(given))).toEqual([port, port])
    // And the nodes are those of the compose file.
    expect(servers.map(([, host]) => host!)).toEqual(
      Object.keys(at(compose, 'services') as Tree).filter((service) => service.startsWith('node')),
    )
  }
})

test('probes ask paths that are served; alive is not ready', () => {
  const path = (probe: string) => String(at(container, probe, 'httpGet', 'path'))
  expect([path('livenessProbe'), path('startupProbe'), path('readinessProbe')]).toEqual([
    '/health',
    '/health',
    '/ready',
  ])
  for (const probe of ['/health', '/ready']) expect(isServed(probe)).toBe(true)
  expect(dockerfile).toContain('/health`')
  expect(read('haproxy.cfg')).toContain('uri /ready')
  // An answer is awaited for longer than a canary takes to be given up.
  expect(Number(at(container, 'readinessProbe', 'timeoutSeconds'))).toBeGreaterThan(2)
  // Out of work within 15 s of a trouble that the engine sees in less than 10.
  const { periodSeconds, failureThreshold } = at(container, 'readinessProbe') as { [name: string]: number }
  expect(periodSeconds! * failureThreshold!).toBeLessThanOrEqual(6)
})

test('a node is given longer to stop than it takes', () => {
  const { shutdownMs } = defaultLimits
  expect(ms(at(node, 'stop_grace_period'))).toBeGreaterThan(shutdownMs)
  const preStop = ms(at(container, 'lifecycle', 'preStop', 'sleep', 'seconds'))
  expect(ms(at(pod, 'terminationGracePeriodSeconds'))).toBeGreaterThan(preStop + shutdownMs)
})

test('proxies allow more silence than any link keeps', () => {
  const silences = [
    ...read('nginx.conf').matchAll(/proxy_(?:read|send)_timeout (\d+)s/g),
    ...read('haproxy.cfg').matchAll(/timeout (?:client|server|tunnel) (\d+)s/g),
  ].map(([, seconds]) => ms(seconds))
  expect(silences).toHaveLength(5)
  expect(Math.min(...silences)).toBeGreaterThan(defaultLimits.idleMs)
})

test('labels select the pods, at most one is taken away at a time, and nothing is sticky', () => {
  const labels = { app: 'fanfare' }
  expect(at(yaml('kubernetes/deployment.yaml'), 'spec', 'template', 'metadata', 'labels')).toEqual(labels)
  expect(at(yaml('kubernetes/deployment.yaml'), 'spec', 'selector', 'matchLabels')).toEqual(labels)
  expect(at(yaml('kubernetes/service.yaml'), 'spec', 'selector')).toEqual(labels)
  expect(at(yaml('kubernetes/disruption-budget.yaml'), 'spec')).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: labels },
  })
  const said = [
    ...readdirSync(join(folder, 'kubernetes')).map((name) => `kubernetes/${name}`),
    'nginx.conf',
    'haproxy.cfg',
  ]
    .map((name) => read(name).replace(/^\s*#.*$/gm, ''))
    .join('\n')
  expect(said).not.toMatch(/ip_hash|sticky|sessionAffinity|stick-table|cookie|affinity/i)
})

test('Redis keeps what it acknowledged, and evicts nothing', () => {
  const command = (at(compose, 'services', 'redis', 'command') as string[]).join(' ')
  expect(command).toContain('--appendonly yes')
  expect(command).toContain('--maxmemory-policy noeviction')
})

test('no secret is written down', () => {
  expect(at(node, 'environment', 'FANFARE_SECRET')).toMatch(/^\$\{FANFARE_SECRET:\?/)
  const env = at(container, 'env') as { name: string; value?: string }[]
  for (const name of ['FANFARE_SECRET', 'REDIS_URL']) {
    expect(env.find((one) => one.name === name)).toMatchObject({ valueFrom: { secretKeyRef: { name: 'fanfare' } } })
  }
})

test('the image runs as nobody in particular, and starts what is in the repository', () => {
  expect(dockerfile).toMatch(/^USER [1-9]\d+$/m)
  expect(String(at(pod, 'securityContext', 'runAsUser'))).toBe(/^USER (\d+)$/m.exec(dockerfile)![1]!)
  const [entry, command] = ['ENTRYPOINT', 'CMD'].map(
    (word) => JSON.parse(new RegExp(`^${word} (\\[.*\\])$`, 'm').exec(dockerfile)![1]!) as string[],
  )
  expect(existsSync(join(root, entry![1]!))).toBe(true)
  expect(command![0]).toBe('start')
  expect(existsSync(join(root, command![1]!))).toBe(true)
  expect(at(container, 'args')).toEqual(command)
})
