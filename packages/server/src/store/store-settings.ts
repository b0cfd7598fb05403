/** The settings of the store, as `config.ts` takes them: where it is, and with what it seals. Reads nothing. */
import { integer, list, type Setting, secret } from '../lib/setting.ts'
import { checkDatabaseUrl } from './postgres/address.ts'

/** Kept as text, since it is handed on as it came; it holds a password. */
const databaseUrl: Setting<string | undefined> = {
  ...secret({
    doc: 'Where PostgreSQL 14 or later is, for nodes that share chats, inboxes and the audit: `postgres://user:password@host/database`. `DATABASE_URL` means it too. Unset: they are in SQLite in the data folder.',
  }),
  parse: checkDatabaseUrl,
}

const keyBytes = 32

const checkKey = (text: string, index: number): string => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === keyBytes && /^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return text
  throw new Error(
    `has as its key ${index + 1} what is not ${keyBytes} bytes in base64; make one with: openssl rand -base64 32`,
  )
}

const encryptionKeys: Setting<readonly string[]> = {
  ...list({
    default: [],
    doc: 'Keys of 32 bytes in base64 (`openssl rand -base64 32`) under which the keys of tenants are kept, by which texts at rest are encrypted. The first seals, all open: put a new one in front. Unset: texts are kept as they are.',
  }),
  kind: 'secret list',
  secret: true,
  parse: (given) => Object.freeze(list({ default: [], doc: '' }).parse(given).map(checkKey)),
}

export const storeSettings = {
  databaseUrl,
  databaseConnections: integer(
    { min: 2, max: 1_000 },
    { default: 10, doc: 'Connections to PostgreSQL that one node opens at most; one more listens.' },
  ),
  encryptionKeys,
} as const
