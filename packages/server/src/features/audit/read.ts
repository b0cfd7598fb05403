/** Reads a tenant's audit, page by page: for the application, for people, and for whoever verifies it. */
import type { AuditActor } from '../../model/audit.ts'
import type { Rows, Store } from '../../store/store.ts'
import type { AnyAction, AuditRow } from './audit-api.ts'
import type { ChainEnd, ChainRow } from './chain.ts'
import type { SignedStatement, Statement } from './signing.ts'

const defaultPage = 100
const mostRows = 10_000

type Page = { readonly after?: number; readonly upTo?: number; readonly limit?: number }

/** Rows as they stand, to be verified or moved. */
export const readChain = async (
  rows: Rows,
  { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit = defaultPage }: Page,
): Promise<readonly ChainRow[]> => {
  const found = await rows
    .selectFrom('audit_entry')
    .select(['number', 'at', 'action', 'actor_kind', 'actor_id', 'subject', 'detail', 'hash'])
    .where('number', '>', after)
    .where('number', '<=', upTo)
    .orderBy('number')
    .limit(Math.max(1, Math.min(limit, mostRows)))
    .execute()
  return found.map(({ number, at, actor_kind: actorKind, actor_id: actorId, ...row }) => ({
    ...row,
    number: Number(number),
    at: Number(at),
    actorKind,
    actorId,
  }))
}

export const readHead = async (rows: Rows): Promise<ChainEnd | undefined> => {
  const head = await rows.selectFrom('audit_head').select(['number', 'hash']).executeTakeFirst()
  return head && { number: Number(head.number), hash: head.hash }
}

/** All that was signed about the tenant, as the database has it. */
export const readSigned = async (rows: Rows, tenantId: string): Promise<readonly SignedStatement[]> => {
  const found = await rows.selectFrom('audit_statement').selectAll().orderBy('number').execute()
  return found.map(({ number, kind, hash, at, public_key: key, signature }) => ({
    kind: kind as Statement['kind'],
    tenantId,
    number: Number(number),
    hash,
    at: Number(at),
    key,
    signature,
  }))
}

/** As it is shown to people and to the application. */
export const shown = ({
  number,
  at,
  action,
  actorKind,
  actorId,
  subject,
  detail,
  hash,
}: ChainRow): Omit<AuditRow, 'tenantId'> => ({
  number,
  at,
  action: action as AnyAction,
  actor: (actorId === null ? { kind: actorKind } : { kind: actorKind, id: actorId }) as AuditActor,
  ...(subject === null ? {} : { subject }),
  ...(detail === null ? {} : { detail: JSON.parse(detail) as NonNullable<AuditRow['detail']> }),
  hash,
})

/** @throws FanfareError `unavailable` */
export const readAudit = async (store: Store, tenantId: string, page: Page = {}): Promise<readonly AuditRow[]> => {
  const found = await store.of(tenantId).read((rows) => readChain(rows, page))
  return found.map((row) => ({ tenantId, ...shown(row) }))
}
