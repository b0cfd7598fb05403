/** What a link is to a connection, and a connection to a link. Types, and the head of an HTTP answer, which all begin with. */

/** `bytes` from `start` to `end`, valid during the call only. */
export type Frames = {
  opened(): void
  frame(bytes: Buffer, start: number, end: number): void
  /** To the server, as it stands. */
  send(bytes: Uint8Array): void
}

export type Link = {
  /** Where the unread begins. @throws Error when the server refused, closed, or said what no contender should */
  read(bytes: Buffer, to: Frames): number
}

export type Head = { readonly text: string; readonly end: number }

/** The head of an answer that begins at `at`; undefined while it is not whole. */
export const headOf = (bytes: Buffer, at: number): Head | undefined => {
  const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
  return end < 0 ? undefined : { text: bytes.toString('latin1', at, end), end: end + 4 }
}
