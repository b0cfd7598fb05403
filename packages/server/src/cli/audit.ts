/** `fanfare audit`: verifies the chains of tenants, shows them, and tells with which key their ends are signed. Changes nothing. */
import { resolve } from 'node:path'
import { type Command, CommanderError } from 'commander'
import type { Config } from '../config.ts'
import { type FileStatements, readStatements } from '../features/audit/checkpoint-file.ts'
import { readAudit } from '../features/audit/read.ts'
import { isPublicKey, type SignedStatement, signerOf } from '../features/audit/signing.ts'
import { auditSchema } from '../features/audit/tables.ts'
import type { Verdict } from '../features/audit/verify.ts'
import { tenantsWithAudit, verifyTenant } from '../features/audit/verify-store.ts'
import type { Store } from '../store/store.ts'
import { auditSecret } from './audit-secret.ts'
import { collect } from './mint.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { withStoreToRead } from './store-to-read.ts'
import { harmless, paintFor, type Terminal } from './terminal.ts'

type VerifyOptions = SettingOptions & {
  readonly tenant?: readonly string[]
  readonly all?: true
  readonly checkpoints?: readonly string[]
  readonly key?: readonly string[]
  readonly json?: true
}
type ListOptions = SettingOptions & {
  readonly tenant: string
  readonly after: string
  readonly limit?: string
  readonly json?: true
}

const examples = `
Examples:
  fanfare audit verify --all --checkpoints /mnt/elsewhere/checkpoints.jsonl
  fanfare audit list --tenant clinic --json
  fanfare audit key`

export const addAudit = (program: Command, terminal: Terminal): void => {
  const audit = program.command('audit').description('verify and show the audit').addHelpText('after', examples)
  withSettings(audit.command('verify'))
    .description('find whatever was changed, deleted, moved, cut off or written anew; exit code 1 if anything was')
    .option('--tenant <id>', 'a tenant; may be repeated', collect)
    .option('--all', 'every tenant of the store and of the files')
    .option('--checkpoints <file>', 'a file of checkpoints; may be repeated (FANFARE_AUDIT_CHECKPOINTS)', collect)
    .option('--key <key>', 'a public key that signed before or elsewhere (fanfare audit key); may be repeated', collect)
    .option('--json', 'one JSON object a tenant')
    .action(async (options: VerifyOptions) => {
      if (!(await verifyAll(terminal, options)))
        throw new CommanderError(1, 'fanfare.failed', 'The audit is not as it was written.')
    })
  withSettings(audit.command('list'))
    .description('show the entries of a tenant, oldest first')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--after <number>', 'only entries after this one', '0')
    .option('--limit <count>', 'at most so many')
    .option('--json', 'one JSON object an entry')
    .action((options: ListOptions) => list(terminal, options))
  withSettings(audit.command('key'))
    .description('print the public key by which this server’s checkpoints are verified')
    .action(async (options: SettingOptions) => {
      const config = await settle(terminal, options)
      terminal.out(signerOf(await auditSecret(terminal, config)).key)
    })
}

const withAudit = <Value>(terminal: Terminal, config: Config, work: (store: Store) => Promise<Value>): Promise<Value> =>
  withStoreToRead({ terminal, config, schemas: [auditSchema] }, ({ store, schemas }) => {
    if (!schemas.includes(auditSchema)) throw new Error('The store has no audit: the feature was never on.')
    return work(store)
  })

/** @returns whether all is as it was written */
const verifyAll = async (terminal: Terminal, options: VerifyOptions): Promise<boolean> => {
  const { tenant = [], all, key = [] } = options
  if (tenant.length > 0 === (all === true)) throw new Error('Say whose audit: --tenant <id>, or --all.')
  const wrong = key.find((text) => !isPublicKey(text))
  if (wrong !== undefined) throw new Error(`${wrong} is no public key. See: fanfare audit key`)
  const config = await settle(terminal, options)
  const files = options.checkpoints ?? (config.auditCheckpoints === undefined ? [] : [config.auditCheckpoints])
  if (files.length === 0) {
    terminal.note(
      'Without a file of checkpoints (--checkpoints) nobody sees a chain that was cut off with its signatures.',
    )
  }
  const outside = await readFiles(terminal, files)
  // Whoever has given a key need not have the secret.
  const own = key.length > 0 && config.auditKey === undefined ? [] : [signerOf(await auditSecret(terminal, config)).key]
  return withAudit(terminal, config, async (store) => {
    const tenants = all ? await everybody(store, outside.statements) : tenant
    const about = { keys: new Set([...own, ...key]), outside: outside.statements }
    let good = outside.good
    for (const tenantId of tenants) good = (await verifyOne(terminal, store, { ...about, tenantId, options })) && good
    if (tenants.length === 0) terminal.note('Nobody has an audit here.')
    return good
  })
}

const everybody = async (store: Store, statements: readonly SignedStatement[]): Promise<readonly string[]> => {
  const named = statements.map(({ tenantId }) => tenantId)
  return [...new Set([...(await tenantsWithAudit(store)), ...named])].sort()
}

type Outside = { readonly statements: readonly SignedStatement[]; readonly good: boolean }

/** @throws Error that says which file is not there */
const readFile = async (path: string): Promise<FileStatements> => {
  try {
    return await readStatements(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`The checkpoints cannot be read: ${why}. Nothing was signed yet, or the file was taken away.`)
  }
}

const readFiles = async (terminal: Terminal, files: readonly string[]): Promise<Outside> => {
  const read = await Promise.all(files.map((file) => readFile(resolve(terminal.folder, file))))
  for (const [index, { unreadable }] of read.entries()) {
    for (const line of unreadable) terminal.note(`${files[index]}: line ${line} is no checkpoint.`)
  }
  const good = read.every(({ unreadable }) => unreadable.length === 0)
  return { statements: read.flatMap(({ statements }) => statements), good }
}

type One = {
  readonly tenantId: string
  readonly keys: ReadonlySet<string>
  readonly outside: readonly SignedStatement[]
  readonly options: VerifyOptions
}

const progressEvery = 500_000

const verifyOne = async (terminal: Terminal, store: Store, { options, ...about }: One): Promise<boolean> => {
  const { tenantId } = about
  let told = 0
  const verdict = await verifyTenant(store, {
    ...about,
    outside: about.outside.filter((statement) => statement.tenantId === tenantId),
    progress(rows) {
      if (rows - told < progressEvery) return
      told = rows
      terminal.note(`${tenantId}: ${rows} entries looked at …`)
    },
  })
  if (options.json) terminal.out(JSON.stringify(verdict))
  else showVerdict(terminal, verdict)
  return verdict.problems.length === 0
}

const showVerdict = (terminal: Terminal, { tenantId, rows, last, signed, problems, more }: Verdict): void => {
  const paint = paintFor(terminal)
  const extent = `${rows} ${rows === 1 ? 'entry' : 'entries'}, the last is ${last}, signed up to ${signed}`
  if (problems.length === 0) {
    terminal.out(`${paint.green('good')}  ${tenantId}: ${extent}`)
    return
  }
  const count = problems.length + more
  terminal.out(`${paint.red('BAD')}   ${tenantId}: ${count} ${count === 1 ? 'problem' : 'problems'}; ${extent}`)
  for (const { kind, text } of problems) terminal.out(`      ${kind}: ${harmless(text)}`)
  if (more > 0) terminal.out(`      and ${more} more`)
}

const pageRows = 1_000

const list = async (terminal: Terminal, options: ListOptions): Promise<void> => {
  const limit = countOf(options.limit ?? String(Number.MAX_SAFE_INTEGER), '--limit')
  const config = await settle(terminal, options)
  await withAudit(terminal, config, async (store) => {
    let after = countOf(options.after, '--after')
    let left = limit
    while (left > 0) {
      const page = await readAudit(store, options.tenant, { after, limit: Math.min(left, pageRows) })
      for (const entry of page) terminal.out(options.json ? JSON.stringify(entry) : lineOf(entry))
      left -= page.length
      after = page.at(-1)?.number ?? after
      if (page.length < pageRows) break
    }
    if (left === limit) terminal.note(`${options.tenant} has no such entries.`)
  })
}

const countOf = (text: string, option: string): number => {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count >= 0 && text.trim() !== '') return count
  throw new Error(`${option} is a whole number, not ${text}.`)
}

const lineOf = ({
  number,
  at,
  action,
  actor,
  subject,
  detail,
}: Awaited<ReturnType<typeof readAudit>>[number]): string => {
  const who = 'id' in actor ? `${actor.kind} ${actor.id}` : actor.kind
  const more = detail === undefined ? '' : `  ${JSON.stringify(detail)}`
  const about = subject === undefined ? '' : `  ${subject}`
  return harmless(`${number}  ${new Date(at).toISOString()}  ${who}  ${action}${about}${more}`)
}
