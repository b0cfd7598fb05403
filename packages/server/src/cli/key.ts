/** `fanfare key`: API keys for a tenant's servers, where the nodes keep them. Works beside running nodes, which see the change at once. */
import type { Command } from 'commander'
import { type ApiKeys, createApiKeys } from '../auth/api-keys.ts'
import type { Config } from '../config.ts'
import { collect } from './mint.ts'
import { type SettingOptions, settle, withSettings } from './settings.ts'
import { keepInAudit } from './tenant-audit.ts'
import type { Terminal } from './terminal.ts'
import { withKeyStore } from './trust-at.ts'

type TenantOptions = SettingOptions & { readonly tenant: string }
type CreateOptions = TenantOptions & { readonly name: string; readonly scope?: readonly string[] }

const examples = `
Examples:
  fanfare key create --tenant clinic --name monitor-gateway --scope publish:patient:*
  fanfare key list --tenant clinic
  fanfare key revoke 0123456789abcdef --tenant clinic`

export const addKey = (program: Command, terminal: Terminal): void => {
  const key = program.command('key').description('make, list and revoke API keys').addHelpText('after', examples)
  withSettings(key.command('create'))
    .description('make a key; prints it this once')
    .requiredOption('--tenant <id>', 'the tenant')
    .requiredOption('--name <text>', 'what it is for')
    .option('--scope <scope>', 'publish, read or admin, or for rooms: publish:patient:*; may be repeated', collect)
    .action((options: CreateOptions) =>
      withKeys(terminal, options, (keys, config) => create(terminal, { keys, config }, options)),
    )
  withSettings(key.command('list'))
    .description('show the keys of a tenant')
    .requiredOption('--tenant <id>', 'the tenant')
    .option('--json', 'one JSON object a line')
    .action((options: TenantOptions & { readonly json?: true }) =>
      withKeys(terminal, options, (keys) => show(terminal, keys, options)),
    )
  withSettings(key.command('revoke'))
    .description('end a key, from the next request on')
    .argument('<id>', 'as shown by fanfare key list')
    .requiredOption('--tenant <id>', 'the tenant')
    .action((id: string, options: TenantOptions) =>
      withKeys(terminal, options, async (keys, config) => {
        await keys.revoke(options.tenant, id)
        terminal.note(`Revoked ${id}.`)
        await keepInAudit({ terminal, config }, { ...byOperator(options), action: 'key.revoked', subject: id })
      }),
    )
}

const withKeys = async (
  terminal: Terminal,
  options: SettingOptions,
  work: (keys: ApiKeys, config: Config) => Promise<void>,
): Promise<void> => {
  const config = await settle(terminal, options)
  await withKeyStore(terminal, config, (store) => work(createApiKeys({ store, clock: terminal.clock }), config))
}

const byOperator = ({ tenant: tenantId }: TenantOptions) => ({ tenantId, actor: { kind: 'operator' } }) as const

type At = { readonly keys: ApiKeys; readonly config: Config }

const create = async (terminal: Terminal, { keys, config }: At, options: CreateOptions): Promise<void> => {
  const { tenant: tenantId, name, scope: scopes = ['publish', 'read'] } = options
  const made = await keys.create({ tenantId, name, scopes })
  // Before anybody has it.
  const detail = { scopes: made.scopes.join(' ') }
  await keepInAudit({ terminal, config }, { ...byOperator(options), action: 'key.created', subject: made.id, detail })
  terminal.out(made.key)
  terminal.note(`Key ${made.id} may ${made.scopes.join(', ')} in ${tenantId}. It is not shown again.`)
}

const show = async (
  terminal: Terminal,
  keys: ApiKeys,
  options: TenantOptions & { readonly json?: true },
): Promise<void> => {
  const found = await keys.list(options.tenant)
  for (const key of found) {
    const created = new Date(key.createdAt).toISOString()
    if (options.json) terminal.out(JSON.stringify({ ...key, createdAt: created }))
    else terminal.out(`${key.id}  ${created.slice(0, 10)}  ${key.name}  (${key.scopes.join(', ')})`)
  }
  if (found.length === 0) terminal.note(`${options.tenant} has no keys. Make one: fanfare key create --help`)
}
