/**
 * Being in a visit: its messages as they were and as they come, its receipts, and who else looks at it. Listens before it
 * reads, and gives what came meanwhile after what it read.
 */
const page = 50

/** @param told `{ opened, event, receipt, present }`, called in that order. Gives what leaves the visit. */
export const enterVisit = ({ client, visits, visit, told, onError }) => {
  let waiting = []
  let left = false
  const receipts = client.room(`chat:${visit.id}:receipts`)
  const { presence } = visit.room
  const showPresent = () => {
    told.present(new Set(presence.members.getSnapshot().list.map(({ userId }) => userId)))
  }
  const hear = (event) => void (waiting ? waiting.push(event) : told.event(event))
  const stops = [
    visits.listen(visit.id, hear),
    receipts.on('receipt.updated', (receipt) => told.receipt(receipt)),
    receipts.onGap(() => hear({ type: 'gap' })),
    presence.members.subscribe(showPresent),
  ]
  presence.enter({}).catch(onError)

  const read = async () => {
    await receipts.subscribed
    const found = await client.command('chat:open', { roomId: visit.id, limit: page })
    if (left) return
    told.opened(found)
    const held = waiting
    waiting = undefined
    for (const event of held) if (event.type === 'gap' || event.offset > found.position.offset) told.event(event)
  }
  read().catch(onError)

  return () => {
    left = true
    for (const stop of stops) stop()
    receipts.leave()
    presence.leave().catch(onError)
  }
}

/** The page before the oldest that is shown. */
export const readEarlier = (client, roomId, before) => client.command('chat:messages', { roomId, before, limit: page })
