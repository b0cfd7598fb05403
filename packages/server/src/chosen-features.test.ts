import { expect, test } from 'bun:test'
import type { FeatureChoice } from './app/app.ts'
import { chooseFeatures, featureSettings } from './chosen-features.ts'
import { configWith } from './config.ts'
import { features } from './features.ts'
import { silentLog } from './lib/log.ts'

const all: string[] = features.map(({ name }) => name)
const choice: FeatureChoice = { options: {}, configured: false }
const everything: ReadonlyMap<string, FeatureChoice> = new Map(all.map((name) => [name, choice]))
const secret = new Uint8Array(32).fill(1)
const redis = { redisUrl: 'redis://127.0.0.1:1' }
const postgres = { databaseUrl: 'postgres://u:p@127.0.0.1:1/d' }

const choose = (given: {
  readonly features?: ReadonlyMap<string, FeatureChoice>
  readonly config?: Parameters<typeof configWith>[0]
  readonly archived?: readonly string[]
  readonly secret?: Uint8Array | undefined
}) => {
  const lines: string[] = []
  const choices = chooseFeatures({
    app: { features: given.features ?? everything, archived: given.archived ?? [] },
    config: configWith(given.config ?? {}),
    log: { ...silentLog, info: (fields) => void lines.push(JSON.stringify(fields)) },
    secret: 'secret' in given ? given.secret : secret,
  })
  return { names: choices.chosen.map(({ feature }) => feature.name as string), reasons: choices.reasons, lines }
}

test('a node that is alone opens all, in the order of the list', () => {
  expect(choose({}).names).toEqual(all)
  expect(choose({}).lines).toEqual([])
})

test('what the application switched off says how to have it', () => {
  const [first = '', ...others] = all
  const { names, reasons } = choose({ features: new Map(others.map((name) => [name, choice])) })
  expect(names).toEqual(others)
  expect(reasons.get(first)).toContain(`features: { ${first}: false }`)
})

test('nodes that share Redis and no store have none, and say so in one line', () => {
  const { names, reasons, lines } = choose({ config: redis })
  expect(names).toEqual([])
  for (const name of all) expect(reasons.get(name)).toContain('DATABASE_URL')
  expect(lines).toEqual([JSON.stringify({ off: all })])
  expect(choose({ config: { ...redis, ...postgres } }).names).toEqual(all)
})

test('a feature that was configured and cannot be on is an error, and so is an archive without a store', () => {
  const configured = new Map(all.map((name) => [name, { options: {}, configured: true }]))
  const attempt = () => choose({ features: configured, config: redis, archived: ['visit:{id}'] })
  for (const name of all) expect(attempt).toThrow(`The feature ${name} needs a store that all nodes share`)
  expect(attempt).toThrow(`The rooms 'visit:{id}' have an archive`)
  expect(attempt).toThrow('Set DATABASE_URL')
  expect(() => choose({ archived: ['visit:{id}'] })).not.toThrow()
})

test('the audit signs with its own key, or one that the signing secret gives, or is off', () => {
  const signing: readonly string[] = features.filter(({ signs }) => signs).map(({ name }) => name)
  const { names, reasons } = choose({ secret: undefined })
  expect(names).toEqual(all.filter((name) => !signing.includes(name)))
  for (const name of signing) expect(reasons.get(name)).toContain('FANFARE_AUDIT_KEY')
  expect(choose({ secret: undefined, config: { auditKey: 'a'.repeat(64) } }).names).toEqual(all)
  const derived = featureSettings(configWith({}), secret).auditKey
  expect(derived).toHaveLength(32)
  expect(derived).not.toEqual(secret)
  expect(featureSettings(configWith({}), secret).auditKey).toEqual(derived)
})
