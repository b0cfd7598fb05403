/** How large a message is, without counting more than is needed. */

/** Whether a message has more than so many bytes. A UTF-16 unit has at most three in UTF-8, so most texts need not be counted. */
export const isLarger = (message: string | Uint8Array, most: number): boolean => {
  if (typeof message !== 'string') return message.byteLength > most
  return message.length > most || (message.length * 3 > most && Buffer.byteLength(message) > most)
}
