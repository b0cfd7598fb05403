/** The shapes of chat as schemas: of what the application publishes in its rooms, and of what is documented. */
import type {
  Attachment,
  ChatActivity,
  ChatMember,
  ChatMessage,
  ChatRole,
  ChatRoom,
  Json,
  Receipt,
  ReceiptCount,
} from '@fanfare/protocol'
import { z } from 'zod'

const number = z.int().min(0)
const time = z.iso.datetime()

export const json: z.ZodType<Json> = z.json()
export const role: z.ZodType<ChatRole> = z.enum(['owner', 'moderator', 'member', 'observer'])

export const attachment: z.ZodType<Attachment> = z.object({
  name: z.string(),
  url: z.string(),
  type: z.string(),
  size: z.number(),
})

export const message: z.ZodType<ChatMessage> = z.object({
  id: z.string(),
  roomId: z.string(),
  number,
  offset: number,
  userId: z.string(),
  text: z.string(),
  attachments: z.array(attachment),
  mentions: z.array(z.string()),
  replyTo: z.string().exactOptional(),
  reactions: z.record(z.string(), z.object({ users: z.array(z.string()), more: number })),
  data: json.exactOptional(),
  createdAt: time,
  editedAt: time.exactOptional(),
  deletedAt: time.exactOptional(),
})

export const room: z.ZodType<ChatRoom> = z.object({
  id: z.string(),
  title: z.string(),
  data: json.exactOptional(),
  createdAt: time,
  lastNumber: number,
  members: number,
  receipts: z.enum(['members', 'counts']),
})

export const receipt: z.ZodType<Receipt> = z.object({ userId: z.string(), delivered: number, read: number })
export const receiptCount: z.ZodType<ReceiptCount> = z.object({ number, delivered: number, read: number })

export const member: z.ZodType<ChatMember> = z.object({
  userId: z.string(),
  role,
  joinedAt: time,
  receipt: receipt.exactOptional(),
})

export const activity: z.ZodType<ChatActivity> = z.object({
  roomId: z.string(),
  lastNumber: number,
  read: number,
  unread: number,
})
