/** Verifies the chain of a tenant as a store has it, page by page, beside nodes that append to it. Changes nothing. */
import type { Store } from '../../store/store.ts'
import type { ChainRow } from './chain.ts'
import { readChain, readHead, readSigned } from './read.ts'
import type { SignedStatement } from './signing.ts'
import { type Verdict, Walk } from './verify.ts'

export type Verification = {
  readonly tenantId: string
  /** Public keys that are trusted. */
  readonly keys: ReadonlySet<string>
  /** What was signed about the tenant and is kept elsewhere. */
  readonly outside: readonly SignedStatement[]
  /** Told after each page, how many rows were looked at. */
  readonly progress?: (rows: number) => void
}

const pageRows = 5_000

/** @throws FanfareError `unavailable` */
export const verifyTenant = async (store: Store, verification: Verification): Promise<Verdict> => {
  const { tenantId, keys, outside } = verification
  const tenant = store.of(tenantId)
  const inside = await tenant.read((rows) => readSigned(rows, tenantId))
  const walk = new Walk({ tenantId, statements: [...inside, ...outside], keys })
  let last = 0
  let seen = 0
  for (;;) {
    // In one moment with the head: at the end of a chain that grows, both are of the same.
    const { page, head } = await tenant.read(async (rows) => ({
      page: await readChain(rows, { after: last, limit: pageRows }),
      head: await readHead(rows),
    }))
    for (const row of page) walk.take(row)
    last = numberOf(page.at(-1)) ?? last
    seen += page.length
    verification.progress?.(seen)
    if (page.length < pageRows) return walk.finish(head)
  }
}

const numberOf = (row: ChainRow | undefined): number | undefined => row?.number

const mostTenants = 1_000_000

/** Every tenant of whom there is anything: entries, a head, or a signature. */
export const tenantsWithAudit = async (store: Store): Promise<readonly string[]> => {
  const all = { column: 'number', atMost: Number.MAX_SAFE_INTEGER, limit: mostTenants } as const
  const tables = ['audit_head', 'audit_entry', 'audit_statement'] as const
  const found = await Promise.all(tables.map((table) => store.tenantsDue({ ...all, table })))
  return [...new Set(found.flat())].sort()
}
