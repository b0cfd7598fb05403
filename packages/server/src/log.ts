/** The real log: pino, one JSON object a line, or for people. Redacts by name whatever should never have been given to it. */
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from './config.ts'
import { loggable } from './lib/loggable.ts'

const secretNames = [
  'token',
  'ticket',
  'secret',
  'password',
  'authorization',
  'cookie',
  'key',
  'data',
  'input',
  'payload',
]

export const createLog = (config: Pick<Config, 'logLevel' | 'logPretty' | 'logErrorMessages'>): Logger =>
  pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      errorKey: 'error',
      serializers: { error: (thrown: unknown) => loggable(thrown, config.logErrorMessages ? 'messages' : 'nothing') },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    config.logPretty
      ? pretty({ colorize: process.stderr.isTTY === true, ignore: 'pid,hostname', destination: 2 })
      : pino.destination(2),
  )
