/**
 * What verbs tell the audit, in one line where it happens. Nobody waits for it: an entry is small, goes with others, and a
 * store that is away holds up no connection. Names, ids, counts and codes; never what was said.
 */
import { toFanfareError } from '@fanfare/protocol'
import { knownBearer } from '../auth/known-bearer.ts'
import type { Session } from '../hub/session.ts'
import { type AuditAction, type AuditEntry, actorOf, operatorTenant } from '../model/audit.ts'
import type { Caller } from '../model/caller.ts'
import type { Identity } from '../model/identity.ts'
import type { Services } from './services.ts'

type Teller = Pick<Services, 'audit'>

export type Told = Pick<AuditEntry, 'subject' | 'detail'> & { readonly action: AuditAction }

/** Of a verb that was let through, on whose behalf it ran. */
export const tell = ({ audit }: Teller, caller: Caller, told: Told): void =>
  void audit.record({ ...told, tenantId: caller.tenantId, actor: actorOf(caller) }, 'soon')

export const tellOfSession = ({ audit }: Teller, session: Session, told: Told): void =>
  void audit.record({ tenantId: session.tenantId, actor: { kind: 'user', id: session.userId }, ...told }, 'soon')

/** With the code alone: what an error says may repeat what it was given. */
export const tellRefused = (services: Teller, caller: Caller, { thrown, ...told }: Told & { thrown: unknown }): void =>
  tell(services, caller, { ...told, detail: { ...told.detail, code: toFanfareError(thrown).code } })

export type Stranger = {
  readonly thrown: unknown
  /** What of them is verified, if anything is. */
  readonly identity?: Identity | undefined
  readonly action: 'session.refused' | 'request.refused'
}

/**
 * Somebody was not let in. Only a tenant that was verified, and be it by a token that is over, has it in its chain: else anybody
 * could write into it.
 */
export const tellTurnedAway = ({ audit }: Teller, { thrown, identity, action }: Stranger): void => {
  const { code } = toFanfareError(thrown)
  const known = identity ?? knownBearer(thrown)
  const entry: AuditEntry = {
    tenantId: known?.tenantId ?? operatorTenant,
    action,
    actor: known ? { kind: 'user', id: known.userId } : { kind: 'unknown' },
    detail: { code },
  }
  void audit.record(entry, 'soon')
}
