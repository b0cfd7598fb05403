/** The text of a close frame. */

/** A close frame has room for 123 bytes of reason. */
const reasonBytes = 120

/** As much of the text as a close frame holds, in whole characters. */
export const shorten = (reason: string): string => {
  let text = reason
  while (Buffer.byteLength(text) > reasonBytes) text = text.slice(0, -1)
  return text
}
