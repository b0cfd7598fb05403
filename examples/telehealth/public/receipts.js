/** How far each member of a visit is, and what that means for one of our messages. */
export const createReceipts = () => {
  const byUser = new Map()
  return {
    fill(receipts) {
      byUser.clear()
      if (receipts.kind === 'members') for (const receipt of receipts.receipts) byUser.set(receipt.userId, receipt)
    },
    /** Never backwards. */
    take({ userId, delivered, read }) {
      if (userId === undefined) return
      const before = byUser.get(userId)
      byUser.set(userId, {
        userId,
        delivered: Math.max(delivered, before?.delivered ?? 0),
        read: Math.max(read, before?.read ?? 0),
      })
    },
    /** Who writes has read all that is before it, and no receipt tells that: the message does. Whoever hides receipts has none here. */
    wrote({ userId, number }) {
      if (byUser.has(userId)) this.take({ userId, delivered: number, read: number })
    },
    /** Of everybody else: `read`, `delivered`, or `sent`. */
    stateOf(message, others) {
      const theirs = others.map(({ userId }) => byUser.get(userId)).filter((receipt) => receipt !== undefined)
      if (theirs.length === 0) return 'sent'
      if (theirs.every(({ read }) => read >= message.number)) return 'read'
      return theirs.every(({ delivered }) => delivered >= message.number) ? 'delivered' : 'sent'
    },
    readersOf: (message, others) =>
      others.filter(({ userId }) => (byUser.get(userId)?.read ?? 0) >= message.number).map(({ name }) => name),
  }
}
