/** Puts a connection's messages together: a text, and the binary messages that it says will follow. Holds at most one packet that is not whole. */
import { FanfareError, type ScanLimits } from '@fanfare/protocol'
import { attachBinary } from './binary.ts'
import { decodePacket, type Packet } from './packets.ts'

/** A packet that is whole, and how much the client sent for it: characters and bytes. */
export type Assembled = { readonly packet: Packet; readonly size: number }

export type AssemblyLimits = ScanLimits & {
  /** All attachments of one packet together, in bytes. */
  readonly attachedBytes: number
}

type MessagePacket = Packet & { readonly type: 'event' | 'ack' }
type Partly = { readonly packet: MessagePacket; readonly attached: Uint8Array[]; size: number; bytes: number }

export class Assembly {
  #partly: Partly | undefined

  /** Undefined while attachments are still to come. @throws FanfareError `bad_frame`, `unsafe_json`, `too_large`; the connection is to be closed */
  take(message: string | Uint8Array, limits: AssemblyLimits): Assembled | undefined {
    return typeof message === 'string' ? this.#text(message, limits) : this.#bytes(message, limits)
  }

  #text(text: string, limits: AssemblyLimits): Assembled | undefined {
    if (this.#partly) throw new FanfareError('bad_frame', 'A text message came where an attachment was awaited.')
    const packet = decodePacket(text, limits)
    if (packet.type === 'connect' || packet.type === 'disconnect' || packet.attachments === 0) {
      return { packet, size: text.length }
    }
    this.#partly = { packet, attached: [], size: text.length, bytes: 0 }
    return undefined
  }

  #bytes(bytes: Uint8Array, limits: AssemblyLimits): Assembled | undefined {
    const partly = this.#partly
    if (!partly) throw new FanfareError('bad_frame', 'A binary message came that no packet announced.')
    partly.bytes += bytes.length
    if (partly.bytes > limits.attachedBytes) {
      throw new FanfareError('too_large', `The attachments of a packet have at most ${limits.attachedBytes} bytes.`)
    }
    partly.attached.push(bytes)
    const { packet, attached, size } = partly
    if (attached.length < packet.attachments) return undefined
    this.#partly = undefined
    return { packet: { ...packet, args: attachAll(packet.args, attached) }, size: size + partly.bytes }
  }
}

const attachAll = (args: readonly unknown[], attached: readonly Uint8Array[]): readonly unknown[] =>
  args.map((argument) => attachBinary(argument, attached))
