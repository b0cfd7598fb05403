/** Which slot of a Cluster a key is in: CRC16 (XMODEM) of what stands in its first braces, or of the whole. Pure. */

export const slotCount = 16_384

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/** Of the text in UTF-8. Asked for with every publish, so nothing is made on the way where each character is a byte. */
export const crc16 = (text: string): number => {
  let crc = 0
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index)
    if (byte > 0x7f) return crc16OfBytes(Buffer.from(text))
    crc = next(crc, byte)
  }
  return crc
}

const crc16OfBytes = (bytes: Uint8Array): number => {
  let crc = 0
  for (const byte of bytes) crc = next(crc, byte)
  return crc
}

const next = (crc: number, byte: number): number => ((crc << 8) ^ table[((crc >> 8) ^ byte) & 0xff]!) & 0xffff

export const slotOf = (key: string): number => {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  return crc16(close > open + 1 ? key.slice(open + 1, close) : key) % slotCount
}
