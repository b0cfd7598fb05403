/** The names of the rooms of chat. */
import { roomPart } from '@fanfare/protocol'

export const chatRoom = (roomId: string): string => `chat:${roomId}`
export const receiptsRoom = (roomId: string): string => `chat:${roomId}:receipts`
export const typingRoom = (roomId: string): string => `chat:${roomId}:typing`
/** Of one user: what happens in their chat rooms, in short. */
export const chatsRoom = (userId: string): string => `chats:${roomPart(userId)}`
