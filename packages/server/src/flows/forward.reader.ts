/** A link and the client behind it: it is told where it begins, and from there has every event, once, in order. */
import { decodeServerFrame, type Position, type ServerFrame } from '@fanfare/protocol'
import type { Link } from '../hub/link.ts'
import type { Frame } from '../wire/dialect.ts'

export class ForwardReader implements Link {
  readonly kind = 'websocket'
  readonly faults: string[] = []
  readonly places = new Map<string, Position>()
  /** `<room> <epoch> <offset>` → the id of what was there. */
  readonly seen = new Map<string, string>()

  write(frames: readonly Frame[]): void {
    for (const text of frames) {
      const frame = decodeServerFrame(String(text))
      if (frame) this.#hear(frame)
    }
  }

  buffered(): number {
    return 0
  }

  close(): void {}
  terminate(): void {}

  #hear(frame: ServerFrame): void {
    if (frame.type === 'subscription') {
      if (frame.status !== 'subscribed') return
      const { room, epoch, offset, recovered } = frame
      // Nothing is ever lost here, nor taken out of the archive.
      if (recovered === false) this.faults.push(`${room} does not recover, although the journal has all of it`)
      this.places.set(room, { epoch, offset })
    } else if (frame.type === 'gap') this.faults.push(`a gap in ${frame.room}, although the journal has all of it`)
    else if (frame.type === 'event') {
      const { id, room, offset } = frame.event
      const at = this.places.get(room)
      if (at?.offset !== offset - 1) this.faults.push(`${room}: ${offset} after ${at?.offset}`)
      this.places.set(room, { epoch: at?.epoch ?? '', offset })
      this.seen.set(`${room} ${offset}`, id)
    }
  }
}
