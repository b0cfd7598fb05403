/** What one WebSocket message holds: one frame, or one a line for whoever asked for the subprotocol that says so. */

/**
 * In the order in which a client offers them that reads both, and a server chooses. With the first a message from the
 * server may have several frames, with a line feed between them; with the second it is one frame.
 */
export const subprotocols: ['fanfare.v1.lines', 'fanfare.v1'] = ['fanfare.v1.lines', 'fanfare.v1']

export type Subprotocol = (typeof subprotocols)[number]

/** Between the frames of a message. JSON as it is written here has none of its own. */
export const frameSeparator = '\n'

/** The texts of a message's frames, in order. @param agreed the subprotocol that the server answered with */
export const framesOf = (message: string, agreed: string | undefined): readonly string[] =>
  agreed === subprotocols[0] ? message.split(frameSeparator) : [message]
