/** Which features a node opens: those that the application leaves on, and that can work as the node is configured. Part of the composition; opens nothing. */
import { hkdfSync } from 'node:crypto'
import type { App } from './app/app.ts'
import type { Config } from './config.ts'
import type { AnyFeature, FeatureSettings } from './features/feature.ts'
import type { ChosenFeature } from './features/open.ts'
import { features } from './features.ts'
import type { Log } from './lib/log.ts'

export type Choices = {
  readonly chosen: readonly ChosenFeature[]
  /** Why each of the others is off, as a sentence for whoever calls it. */
  readonly reasons: ReadonlyMap<string, string>
}

export type ChoosingParts = {
  readonly app: Pick<App, 'features' | 'archived'>
  readonly config: Config
  readonly log: Log
  /** The signing secret, where there is one. */
  readonly secret: Uint8Array | undefined
}

/** Where each node had a store of its own, nodes would tell users different things. */
const noSharedStore = ({ databaseUrl, redisUrl }: Config): boolean =>
  redisUrl !== undefined && databaseUrl === undefined

/** @throws Error where the application configured a feature, or archives a room, and the node cannot */
export const chooseFeatures = ({ app, config, log, secret }: ChoosingParts): Choices => {
  const reasons = new Map<string, string>()
  const problems = app.archived.filter(() => noSharedStore(config)).map(archiveProblem)
  const chosen = features.filter((feature) => {
    const choice = app.features.get(feature.name)
    const reason = choice ? lackOf(feature, config, secret) : undefined
    if (choice && reason === undefined) return true
    reasons.set(feature.name, reason ?? offReason(feature))
    if (choice?.configured) problems.push(`The application configures it: ${reason}`)
    return false
  })
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const lacking = features.filter(({ name }) => app.features.has(name) && reasons.has(name))
  if (lacking.length > 0)
    log.info({ off: lacking.map(({ name }) => name) }, 'some features are off; calling one says why')
  return { chosen: chosen.map((feature) => ({ feature, options: app.features.get(feature.name)!.options })), reasons }
}

const offReason = ({ name }: AnyFeature): string =>
  `The feature ${name} is off in this application. To have it, leave \`features: { ${name}: false }\` out of defineApp.`

/** Why the feature cannot work on this node, if it cannot. */
const lackOf = ({ name, signs }: AnyFeature, config: Config, secret: Uint8Array | undefined): string | undefined => {
  const or = `or switch it off: features: { ${name}: false }.`
  if (noSharedStore(config)) {
    return `The feature ${name} needs a store that all nodes share, and there is Redis alone. Set DATABASE_URL (postgres://…), ${or}`
  }
  if (signs && auditKeyOf(config.auditKey, secret) === undefined) {
    return `The feature ${name} signs what it keeps, and there is nothing to sign with. Set FANFARE_AUDIT_KEY (openssl rand -base64 48), ${or}`
  }
  return undefined
}

const archiveProblem = (pattern: string): string =>
  `The rooms '${pattern}' have an archive, which needs a store that all nodes share, and there is Redis alone. Set DATABASE_URL (postgres://…), or leave \`archive\` out.`

/** Where there is no audit key the audit is off, and nobody reads it. */
export const featureSettings = (config: Config, secret: Uint8Array | undefined): FeatureSettings => {
  const { auditCheckpoints, auditKey, mode, vapidPrivateKey, vapidPublicKey, vapidSubject } = config
  const vapid =
    vapidPublicKey === undefined || vapidPrivateKey === undefined || vapidSubject === undefined
      ? undefined
      : { publicKey: vapidPublicKey, privateKey: vapidPrivateKey, subject: vapidSubject }
  return { mode, vapid, auditCheckpoints, auditKey: auditKeyOf(auditKey, secret) ?? new Uint8Array() }
}

/** Who knows the signing secret can make tokens; a key of the audit's own is none that signs tokens. */
export const auditKeyOf = (configured: string | undefined, secret: Uint8Array | undefined): Uint8Array | undefined => {
  if (configured !== undefined) return new TextEncoder().encode(configured)
  if (secret === undefined) return undefined
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), 'fanfare audit checkpoints', 32))
}
