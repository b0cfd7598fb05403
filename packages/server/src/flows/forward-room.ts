/** Rooms of the journal, which may know some that the application knows no longer. */
import { FanfareError } from '@fanfare/protocol'
import type { App, Room } from '../app/app.ts'

export const roomOrNone = (app: Pick<App, 'room'>, tenantId: string, name: string): Room | undefined => {
  try {
    return app.room(tenantId, name)
  } catch (error) {
    if (error instanceof FanfareError) return undefined
    throw error
  }
}
