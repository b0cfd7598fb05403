/** Client frames as bytes. Every frame has the same masking key, so that a frame is masked once and sent many times. */

export const maskingKey = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)

const maskedFrame = (opcode: number, payload: Uint8Array): Uint8Array => {
  const header = payload.length < 126 ? 2 : 4
  if (payload.length > 0xffff) throw new Error('the load sends no frame that is so long')
  const frame = new Uint8Array(header + 4 + payload.length)
  frame[0] = 128 | opcode
  frame[1] = 128 | (header === 2 ? payload.length : 126)
  if (header === 4) frame.set([payload.length >> 8, payload.length & 255], 2)
  frame.set(maskingKey, header)
  for (let index = 0; index < payload.length; index++) {
    frame[header + 4 + index] = payload[index]! ^ maskingKey[index & 3]!
  }
  return frame
}

export const frameOf = (text: string): Uint8Array => maskedFrame(1, Buffer.from(text))

export const pongOf = (payload: Uint8Array): Uint8Array => maskedFrame(10, payload)

/** Says goodbye: 1000. */
export const goodbyeFrame = maskedFrame(8, Uint8Array.of(1000 >> 8, 1000 & 255))
