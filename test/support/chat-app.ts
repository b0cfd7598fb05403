/** An application with nothing but chat, for those who kill it: a few rooms, in which everybody is. */
import { defineApp } from '@fanfare/server'
import { homeTenant } from '@fanfare/testkit'
import { z } from 'zod'

export const chatRooms = ['kill-0', 'kill-1', 'kill-2'] as const
export const chatSenders = ['ann', 'bob', 'cem', 'dee'] as const
export const chatReader = 'eve'

export const app = defineApp({
  rooms: { lobby: { events: { tick: z.object({}) }, access: 'tenant' } },
  async onStart({ of }) {
    const { chat } = of(homeTenant)
    const members = [...chatSenders, chatReader].map((userId) => ({ userId }))
    for (const id of chatRooms) await chat.createRoom({ id, members })
  },
})
export default app
