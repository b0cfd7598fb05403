/** An application that has nothing but what features bring. */
import { defineApp } from '@fanfare/server'

export default defineApp({ rooms: { lobby: { events: {}, access: 'tenant' } } })
