/** What a user does to messages, and who may: to their own for a day, and those who care may delete what others said. */
const editableMs = 24 * 3_600_000

export const mayEdit = (message, me) =>
  message.userId === me.id && Date.now() - Date.parse(message.createdAt) < editableMs
export const mayDelete = (message, me) => mayEdit(message, me) || me.role !== 'patient'

/** @param run command and input, in the open visit. The change comes back as an event too, and to every other device. */
export const createDoing = ({ run, outbox, composer, nameOf }) => ({
  react: ({ id }, reaction, own) => run('message:react', { id, reaction, ...(own ? { remove: true } : {}) }),
  reply: (message) => composer().reply(message, nameOf(message.userId)),
  edit: (message) => composer().edit(message),
  delete: ({ id }) => run('message:delete', { id }),
  again: (key) => outbox.again(key),
  discard: (key) => outbox.discard(key),
})
