import { expect, test } from 'bun:test'
import { defaultLimits } from '@fanfare/protocol'
import { type ConfigSources, configWith, readConfig, settingRows } from './config.ts'

const read = (sources: ConfigSources) => {
  const result = readConfig(sources)
  if (!result.ok) throw new Error(result.problems.join('\n'))
  return result
}
const problemsOf = (sources: ConfigSources): string => {
  const result = readConfig(sources)
  return result.ok ? '' : result.problems.join('\n')
}

test('needs nothing: the defaults run a development node on this machine only', () => {
  const { config, warnings } = read({})
  expect(config).toMatchObject({ mode: 'development', host: '127.0.0.1', port: 8080, dataFolder: '.fanfare' })
  expect(config.secret).toBeUndefined()
  expect(config.limits).toEqual(defaultLimits)
  expect(warnings).toEqual([])
})

test('is frozen, its limits and lists too', () => {
  const { config } = read({ environment: { FANFARE_ALLOWED_ORIGINS: 'https://a.example' } })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.limits)).toBe(true)
  expect(Object.isFrozen(config.allowedOrigins)).toBe(true)
})

test('the command line wins over the environment, and the environment over the file', () => {
  const file = { port: 1, host: 'file', dataFolder: 'file', limits: { authMs: 7 } }
  const { config, origins } = read({
    file,
    environment: { FANFARE_PORT: '2', FANFARE_HOST: 'environment' },
    commandLine: { port: '3' },
  })
  expect(config).toMatchObject({ port: 3, host: 'environment', dataFolder: 'file' })
  expect(config.limits.authMs).toBe(7)
  expect(origins.get('port')).toBe('command line')
  expect(origins.get('host')).toBe('environment')
  expect(origins.get('dataFolder')).toBe('file')
  expect(origins.get('issuer')).toBe('default')
})

test('NODE_ENV=production means production, unless FANFARE_MODE says otherwise', () => {
  const secret = 'kR8vQ2mZx7Lp0TtWfYc3NsHb6UdJe1AgiO9yKw4XqE5rVnM'
  expect(read({ environment: { NODE_ENV: 'production', FANFARE_SECRET: secret } }).config.mode).toBe('production')
  expect(read({ environment: { NODE_ENV: 'production', FANFARE_MODE: 'development' } }).config.mode).toBe('development')
  expect(read({ environment: { NODE_ENV: 'test' } }).config.mode).toBe('development')
})

test('times and sizes are written as people write them', () => {
  const { config } = read({
    environment: {
      FANFARE_LIMIT_TICKET_MS: '45s',
      FANFARE_LIMIT_MESSAGE_BYTES: '128kb',
      FANFARE_LIMIT_AUTH_MS: '1500',
    },
  })
  expect(config.limits).toMatchObject({ ticketMs: 45_000, messageBytes: 131_072, authMs: 1_500 })
})

test('reports every problem at once, naming the setting and the way out', () => {
  const problems = problemsOf({
    file: { prot: 1, limits: { authMs: {} } },
    environment: { FANFARE_PORT: '99999', FANFARE_LIMIT_IDLE_MS: 'soon', FANFARE_LOG_LEVEL: 'loud' },
  })
  expect(problems).toContain('FANFARE_PORT is "99999"; it must be a whole number from 0 to 65535.')
  expect(problems).toContain('FANFARE_LIMIT_IDLE_MS is "soon"; it must be a time such as')
  expect(problems).toContain('FANFARE_LOG_LEVEL is "loud"; it must be one of debug, info')
  expect(problems).toContain('prot, which is no setting. Did you mean port?')
  expect(problems).toContain('limits.authMs in the configuration file must be')
})

test('a file that is not an object is a problem', () => {
  expect(problemsOf({ file: [1] })).toContain('one JSON object')
  expect(problemsOf({ file: { limits: 3 } })).toContain('limits must be an object')
})

test('an unknown variable is warned about with the nearest name', () => {
  const { warnings } = read({ environment: { FANFARE_PROT: '1', PATH: '/bin' } })
  expect(warnings).toEqual(['FANFARE_PROT is no setting and has no effect. Did you mean FANFARE_PORT?'])
})

test('an empty variable counts as unset', () => {
  expect(read({ environment: { FANFARE_PORT: '', FANFARE_SECRET: '' } }).config).toMatchObject({ port: 8080 })
})

test('production without a way to verify tokens does not start', () => {
  expect(problemsOf({ environment: { FANFARE_MODE: 'production' } })).toContain('Set FANFARE_SECRET')
  const keys = { FANFARE_MODE: 'production', FANFARE_JWKS_URL: 'https://id.example/jwks.json' }
  expect(problemsOf({ environment: keys })).toBe('')
  expect(problemsOf({ environment: { ...keys, FANFARE_JWKS_URL: 'http://id.example/jwks.json' } })).toContain(
    'must be https',
  )
})

test('production refuses a weak secret, without repeating it', () => {
  const problems = problemsOf({ environment: { FANFARE_MODE: 'production', FANFARE_SECRET: 'hunter2hunter2' } })
  expect(problems).toContain('FANFARE_SECRET holds')
  expect(problems).not.toContain('hunter2')
})

test('origins and algorithms are held to their form', () => {
  expect(read({ environment: { FANFARE_ALLOWED_ORIGINS: '*' } }).config.allowedOrigins).toBe('*')
  expect(problemsOf({ environment: { FANFARE_ALLOWED_ORIGINS: 'https://a.example/path' } })).toContain('without a path')
  expect(problemsOf({ environment: { FANFARE_TRUSTED_PROXIES: 'everyone' } })).toContain('"everyone" is no address')
  expect(problemsOf({ environment: { FANFARE_ALGORITHMS: 'RS256,none' } })).toContain('FANFARE_ALGORITHMS has none')
})

test('Redis is where REDIS_URL says, or FANFARE_REDIS_URL, which wins', () => {
  const [usual, own] = ['redis://cache:6379', 'rediss://ann:p%40ss@own:6380/2']
  expect(read({}).config.redisUrl).toBeUndefined()
  expect(read({ environment: { REDIS_URL: '' } }).config.redisUrl).toBeUndefined()
  const { config, origins, warnings } = read({ file: { redisUrl: own }, environment: { REDIS_URL: usual } })
  expect(config.redisUrl).toBe(usual)
  expect(origins.get('redisUrl')).toBe('environment')
  expect(warnings).toEqual([])
  expect(read({ environment: { REDIS_URL: usual, FANFARE_REDIS_URL: own } }).config.redisUrl).toBe(own)
})

test('an address of Redis that is none is a problem, told without its password', () => {
  for (const address of [
    'http://ann:hunter2@cache',
    'redis://ann:hunter2@cache:99999',
    'redis://ann:hunter2%zz@cache',
  ]) {
    const problems = problemsOf({ environment: { REDIS_URL: address } })
    expect(problems).toStartWith('REDIS_URL ')
    expect(problems).not.toContain('hunter2')
    expect(problems).not.toContain('ann')
  }
  expect(problemsOf({ environment: { FANFARE_REDIS_PREFIX: 'a{b}:' } })).toContain('FANFARE_REDIS_PREFIX is "a{b}:"')
})

test('every setting has a variable of its own and something to say', () => {
  expect(new Set(settingRows.map((row) => row.variable)).size).toBe(settingRows.length)
  expect(settingRows.filter((row) => row.setting.doc === '')).toEqual([])
  expect(settingRows.map((row) => row.variable)).toContain('FANFARE_LIMIT_FRAMES_PER_SECOND_PER_USER')
})

test('configWith takes the defaults but for what it is given', () => {
  const config = configWith({ port: 0, limits: { authMs: 50 } })
  expect(config).toMatchObject({ port: 0, host: '127.0.0.1' })
  expect(config.limits).toMatchObject({ authMs: 50, ticketMs: defaultLimits.ticketMs })
})

const sealingKey = Buffer.alloc(32, 7).toString('base64')

test('a database is found under either name, and what is no address of one is refused without its password', () => {
  const url = 'postgres://fanfare:hunter2@db.example:5432/fanfare'
  expect(read({ environment: { DATABASE_URL: url } }).config.databaseUrl).toBe(url)
  const both = { DATABASE_URL: url, FANFARE_DATABASE_URL: 'postgres://other/db' }
  expect(read({ environment: both }).config.databaseUrl).toBe('postgres://other/db')
  for (const bad of [
    'mysql://root:hunter2@host/db',
    'postgres://fanfare:hunter2@host',
    'hunter2',
    'postgres://u:%@h/x y',
  ]) {
    const told = problemsOf({ environment: { DATABASE_URL: bad } })
    expect(told.includes('hunter2')).toBe(false)
    if (!bad.startsWith('postgres://u')) expect(told).toContain('DATABASE_URL')
  }
})

test('keys that seal are 32 bytes each, and a wrong one is told by its place, not by what it is', () => {
  const { config } = read({ environment: { FANFARE_ENCRYPTION_KEYS: `${sealingKey}, ${sealingKey}` } })
  expect(config.encryptionKeys).toEqual([sealingKey, sealingKey])
  expect(Object.isFrozen(config.encryptionKeys)).toBe(true)
  const told = problemsOf({ environment: { FANFARE_ENCRYPTION_KEYS: `${sealingKey},c2hvcnQ=` } })
  expect(told).toMatch(/FANFARE_ENCRYPTION_KEYS.*key 2.*openssl rand -base64 32/)
  expect(told).not.toContain('c2hvcnQ')
})

test('Web Push is configured whole or not at all', () => {
  const whole = {
    FANFARE_VAPID_PUBLIC_KEY: Buffer.alloc(65, 4).toString('base64url'),
    FANFARE_VAPID_PRIVATE_KEY: Buffer.alloc(32, 5).toString('base64url'),
    FANFARE_VAPID_SUBJECT: 'mailto:ops@example.org',
  }
  expect(problemsOf({ environment: whole })).toBe('')
  expect(problemsOf({ environment: { FANFARE_VAPID_SUBJECT: 'mailto:ops@example.org' } })).toContain('all of')
  expect(problemsOf({ environment: { ...whole, FANFARE_VAPID_PUBLIC_KEY: 'short' } })).toContain('65 bytes')
  expect(problemsOf({ environment: { ...whole, FANFARE_VAPID_PRIVATE_KEY: 'short' } })).toContain('32 bytes')
  expect(problemsOf({ environment: { ...whole, FANFARE_VAPID_SUBJECT: 'ops' } })).toContain('mailto:')
})

test('in production the key of the audit is as strong as any secret', () => {
  const secret = 'kR8vQ2mZx7Lp0TtWfYc3NsHb6UdJe1AgiO9yKw4XqE5rVnM'
  const production = { FANFARE_MODE: 'production', FANFARE_SECRET: secret }
  expect(problemsOf({ environment: { ...production, FANFARE_AUDIT_KEY: 'short' } })).toContain('FANFARE_AUDIT_KEY')
  expect(problemsOf({ environment: { ...production, FANFARE_AUDIT_KEY: secret } })).toBe('')
})
