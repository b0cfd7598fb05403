/** What the application's own code can do with statuses: `context.status`. Shapes, and where they are merged into the application's types. */
import type { StatusState, UserStatus } from '@fanfare/protocol'
import type { User } from '../../model/identity.ts'

export type StatusOptions = {
  /** Whose status a user may see. @default one's own, and whoever a grant `status:user:<id>` names: `user.may('status', 'user', userId)` */
  readonly access?: (asked: { readonly user: User; readonly userId: string }) => boolean | Promise<boolean>
  /** Characters of the text. @default 140 */
  readonly textLength?: number
}

/**
 * `online` follows the connections again; `offline` is what everybody else sees while the user is connected. Both parts stay
 * until they are changed, `away` and `in_call` until the user goes offline. What is left out stays as it is.
 */
export type NewStatus = { readonly state?: StatusState; readonly text?: string }

export type StatusApi = {
  /** As the user themselves is answered, `invisible` included. @throws FanfareError `invalid_payload`, `unavailable` */
  set(userId: string, status: NewStatus): Promise<UserStatus>
  /**
   * At most 1,000, in the order asked, as others see them; `as` is the user who is answered as themselves.
   *
   * @throws FanfareError `invalid_payload`, `unavailable`
   */
  get(userIds: readonly string[], options?: { readonly as?: string }): Promise<readonly UserStatus[]>
}

declare module '../../app/features.ts' {
  interface FeatureOptions {
    readonly status?: StatusOptions | false
  }
  interface FeatureApis {
    readonly status: StatusApi
  }
  interface FeatureRooms {
    readonly 'status:{userId}': {
      readonly 'status.updated': { readonly input: UserStatus; readonly output: UserStatus }
    }
  }
  interface FeatureCommands {
    readonly 'status:set': { readonly input: NewStatus; readonly output: UserStatus }
    readonly 'status:get': {
      readonly input: { readonly userIds: readonly string[] }
      readonly output: readonly UserStatus[]
    }
  }
}
