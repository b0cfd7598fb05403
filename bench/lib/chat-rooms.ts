/** Who is in which room of the chat benchmark: 1,000 rooms of 10 among 64 users, so that each is in about 156. Arithmetic only. */

/** As `load/crowd.ts` names them. */
export const tenantOfChat = 'clinic-0'
export const chatUsers = 64
export const perRoom = 10

const userOf = (index: number): string => `user-${String(index % chatUsers).padStart(8, '0')}`

export const nameOfRoom = (index: number): string => `bench-${index}`

/** The first of the users is in the first 200 rooms too. */
export const membersOf = (room: number): readonly string[] => {
  const members = Array.from({ length: perRoom }, (_, index) => userOf(room * 7 + index))
  return room < listedRooms ? [...new Set([...members, userOf(0)])] : members
}

export const senderOf = (room: number, message: number): string => userOf(room * 7 + (message % perRoom))

/** How many rooms the list of the first user is asked for. */
export const listedRooms = 200

/** Rooms in which the user may write. */
export const roomsOf = (user: number, rooms: number): readonly string[] =>
  Array.from({ length: rooms }, (_, room) => room)
    .filter((room) => membersOf(room).includes(userOf(user)))
    .map(nameOfRoom)
