/** What of the depot is live: one room for each depot, with every scan of a parcel. All else of the application is Express. */
import { defineApp } from '@fanfare/server'
import { z } from 'zod'

export const app = defineApp({
  rooms: {
    'depot:{depotId}': {
      events: {
        'parcel.scanned': z.object({ parcel: z.string(), place: z.string(), by: z.string() }),
      },
      log: { keep: 500, for: '24h', durable: true },
      // The right comes with the token, which the sign-in makes. Only this server publishes.
      access: ({ user, params }) => user.may('read', 'depot', params.depotId),
    },
  },
  // Hand scanners were there before Fanfare, and speak Socket.IO: they hear the same room, by the name that they know.
  socketio: {
    events: { 'parcel.scanned': 'scan' },
    recovery: { for: '2m' },
    namespaces: { '/': { connect: (socket) => socket.join(`depot:${socket.user.claims.depot}`) } },
  },
})
