/** Chat for a tenant's own servers, over HTTP. */
import { z } from 'zod'
import { serverRoute } from '../../app/server-route.ts'
import { newMembers, newRoom, saying } from './commands.ts'
import { message, room } from './shapes.ts'

const count = z.coerce.number().exactOptional()

/** Parameters stand in the path, so they are there. */
const of = (params: { readonly [name: string]: string }, name: 'roomId' | 'userId'): string => params[name] ?? ''

export const chatRoutes = {
  'POST /v1/chat/rooms': serverRoute(
    {
      scope: 'admin',
      summary: 'Makes a chat room; with an id that is there, the room as it is.',
      body: newRoom,
      answer: room,
    },
    ({ chat }, { body }) => chat.createRoom(body),
  ),
  'PUT /v1/chat/rooms/{roomId}/members': serverRoute(
    {
      scope: 'admin',
      room: 'chat:{roomId}',
      summary: 'Adds members to a chat room, or changes their roles.',
      body: z.object({ members: newMembers }),
      answer: room,
    },
    ({ chat, params }, { body }) => chat.putMembers(of(params, 'roomId'), body.members),
  ),
  'DELETE /v1/chat/rooms/{roomId}/members/{userId}': serverRoute(
    { scope: 'admin', room: 'chat:{roomId}', summary: 'Takes a member out of a chat room.' },
    ({ chat, params }) => chat.removeMember(of(params, 'roomId'), of(params, 'userId')),
  ),
  'POST /v1/chat/rooms/{roomId}/messages': serverRoute(
    {
      scope: 'publish',
      room: 'chat:{roomId}',
      summary: 'Sends a message as a member of the chat room.',
      body: z.object({ userId: z.string(), ...saying }),
      answer: z.object({ message, duplicate: z.boolean() }),
    },
    ({ chat, params }, { body }) => chat.send({ ...body, roomId: of(params, 'roomId') }),
  ),
  'GET /v1/chat/rooms/{roomId}/messages': serverRoute(
    {
      scope: 'read',
      room: 'chat:{roomId}',
      summary: 'Messages of a chat room, as this member sees them: the newest, or before or after a cursor.',
      query: z.object({ userId: z.string(), before: count, after: count, limit: count }),
    },
    ({ chat, params }, { query: { userId, ...page } }) => chat.messages(of(params, 'roomId'), userId, page),
  ),
} as const
