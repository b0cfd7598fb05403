/** `fanfare tenant`: what is done to all that one tenant has. Each verb is a file of its own. */
import type { Command } from 'commander'
import { addTenantErase } from './tenant-erase.ts'
import { addTenantExport } from './tenant-export.ts'
import { addRotateKey } from './tenant-rotate.ts'
import type { Terminal } from './terminal.ts'

export const addTenant = (program: Command, terminal: Terminal): void => {
  const tenant = program.command('tenant').description('what is done to all that a tenant has')
  const verbs = [addTenantExport, addTenantErase, addRotateKey]
  for (const add of verbs) add(tenant, terminal)
}
