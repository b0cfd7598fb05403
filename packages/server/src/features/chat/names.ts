/** The names of the rooms of chat. */

export const chatRoom = (roomId: string): string => `chat:${roomId}`
export const receiptsRoom = (roomId: string): string => `chat:${roomId}:receipts`
export const typingRoom = (roomId: string): string => `chat:${roomId}:typing`
/** Of one user: what happens in their chat rooms, in short. */
export const chatsRoom = (userId: string): string => `chats:${userId}`
