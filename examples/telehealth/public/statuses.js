/** How others are: asked for once, then followed. The newest version counts. */
import { roomPart } from '/fanfare/client.js'
import { lastSeen } from './time.js'

const words = { online: 'Online', away: 'Away', busy: 'Busy', in_call: 'In a call', offline: 'Offline' }

export const createStatuses = ({ client, me, select, onChange, onError }) => {
  const known = new Map()
  const followed = new Set()

  const take = (status) => {
    const before = known.get(status.userId)
    if (before && before.version >= status.version) return
    known.set(status.userId, status)
    if (status.userId === me.id && status.state !== 'offline') select.value = status.state
    onChange()
  }

  const watch = async (userIds) => {
    const fresh = [...new Set(userIds)].filter((userId) => !followed.has(userId))
    if (fresh.length === 0) return
    for (const userId of fresh) {
      followed.add(userId)
      client.room(`status:${roomPart(userId)}`).on('status.updated', take)
    }
    for (const status of await client.command('status:get', { userIds: fresh })) take(status)
  }

  select.addEventListener('change', () => {
    client.command('status:set', { state: select.value }).then(take, onError)
  })

  return {
    watch: (userIds) => void watch(userIds).catch(onError),
    stateOf: (userId) => known.get(userId)?.state,
    /** `Online`, or `last seen 10:32`; nothing where nothing is known. */
    wordsOf(userId) {
      const status = known.get(userId)
      if (!status) return undefined
      const plain = status.state === 'offline' && status.lastSeen ? lastSeen(status.lastSeen) : words[status.state]
      return status.text ? `${plain} · ${status.text}` : plain
    },
  }
}
