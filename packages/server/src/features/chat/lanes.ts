/** Which sends go together: those of one room always, so that they keep their order and wait for no lock of each other's. */

/** On PostgreSQL one batch is made here while another is written there. SQLite has one writer, so that nothing is won. */
const lanes = { sqlite: 1, postgres: 2 } as const

export const laneOf =
  (kind: keyof typeof lanes) =>
  ({ roomId }: { readonly roomId: string }): number => {
    let sum = 0
    for (let index = 0; index < roomId.length; index++) sum = (sum * 31 + roomId.charCodeAt(index)) | 0
    return Math.abs(sum) % lanes[kind]
  }
