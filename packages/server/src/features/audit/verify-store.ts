/** Verifies the chain of a tenant as a store has it, page by page, beside nodes that append to it. Changes nothing. */
import type { Store, TenantStore } from '../../store/store.ts'
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
/** Pages that are read while one is gone over. */
const ahead = 2

/** @throws FanfareError `unavailable` */
export const verifyTenant = async (store: Store, verification: Verification): Promise<Verdict> => {
  const { tenantId, keys, outside } = verification
  const tenant = store.of(tenantId)
  const inside = await tenant.read((rows) => readSigned(rows, tenantId))
  const walk = new Walk({ tenantId, statements: [...inside, ...outside], keys })
  let seen = 0
  const take = (rows: readonly ChainRow[]) => {
    for (const row of rows) walk.take(row)
    seen += rows.length
    verification.progress?.(seen)
  }
  // What pretends to stand before the first.
  take(await tenant.read((rows) => readChain(rows, { after: Number.MIN_SAFE_INTEGER, upTo: 0, limit: pageRows })))
  let last = (await tenant.read(readHead))?.number ?? 0
  for await (const page of pagesUpTo(tenant, last)) take(page)
  for (;;) {
    // In one moment with the head: at the end of a chain that grows, both are of the same.
    const { page, head } = await tenant.read(async (rows) => ({
      page: await readChain(rows, { after: last, limit: pageRows }),
      head: await readHead(rows),
    }))
    take(page)
    last = page.at(-1)?.number ?? last
    if (page.length < pageRows) return walk.finish(head)
  }
}

/** By numbers and not one after another, so that the next are on their way while one is gone over. */
async function* pagesUpTo(tenant: TenantStore, last: number): AsyncGenerator<readonly ChainRow[]> {
  const read = (after: number) =>
    tenant.read((rows) => readChain(rows, { after, upTo: Math.min(after + pageRows, last), limit: pageRows }))
  const pages: Promise<readonly ChainRow[]>[] = []
  let next = 0
  try {
    while (next < last || pages.length > 0) {
      for (; next < last && pages.length <= ahead; next += pageRows) pages.push(read(next))
      const page = await pages[0]
      pages.shift()
      if (page) yield page
    }
  } finally {
    // One that failed is told; the others are not to fail unheard.
    await Promise.allSettled(pages)
  }
}

const mostTenants = 1_000_000

/** Every tenant of whom there is anything: entries, a head, or a signature. */
export const tenantsWithAudit = async (store: Store): Promise<readonly string[]> => {
  const all = { column: 'number', atMost: Number.MAX_SAFE_INTEGER, limit: mostTenants } as const
  const tables = ['audit_head', 'audit_entry', 'audit_statement'] as const
  const found = await Promise.all(tables.map((table) => store.tenantsDue({ ...all, table })))
  return [...new Set(found.flat())].sort()
}
