/** What a feature brings, in the words of an application's own description. Its functions reach the feature by its API on their context. */
import type { AppContext } from './context.ts'
import type { AppDescription } from './description.ts'

/** A session that opened, and who it is. */
export type ConnectedContext = AppContext & {
  readonly userId: string
  readonly session: string
  readonly roles: readonly string[]
}

export type FeatureDescription = Pick<AppDescription, 'rooms' | 'commands' | 'on' | 'routes' | 'lifecycle'> & {
  /** For every session, once it is greeted, besides what goes on in it; what it throws is logged. */
  readonly connected?: (context: ConnectedContext) => void | Promise<void>
}
