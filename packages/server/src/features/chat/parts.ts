/** What the verbs of chat work with: made once by the feature, and once more for each tenant that asks. Shapes only. */
import type { FeatureContext } from '../../app/feature-description.ts'
import type { Batches } from '../../store/batches.ts'
import type { TenantStore } from '../../store/store.ts'
import type { FeatureServices } from '../feature.ts'
import type { Activity } from './activity.ts'
import type { Mark, MarkResult } from './mark-batch.ts'
import type { ChatLimits } from './options.ts'
import type { Roles } from './roles.ts'
import type { SendItem, SendResult } from './send-batch.ts'
import type { Typing } from './typing.ts'

export type ChatParts = {
  readonly services: FeatureServices
  readonly limits: ChatLimits
  readonly sends: Batches<SendItem, SendResult>
  readonly marks: Batches<Mark, MarkResult>
  readonly roles: Roles
  readonly activity: Activity
  readonly typing: Typing
}

/** In one tenant. */
export type Chat = ChatParts & {
  readonly tenantId: string
  readonly store: TenantStore
  readonly context: FeatureContext
}
