/** Default limits, each configurable on the server. Sizes in bytes, times in ms. */
export const defaultLimits = {
  /** One message from a client, after decompression. */
  messageBytes: 64 * 1024,
  /** What may wait to be sent to one session before it is closed as a slow reader. */
  outboxBytes: 512 * 1024,
  /** How long a session's unsent bytes may stand still before it is closed as a slow reader. */
  outboxStallMs: 10_000,
  inboxMessages: 64,
  inboxBytes: 256 * 1024,
  framesPerSecond: 50,
  framesBurst: 100,
  framesPerSecondPerUser: 200,
  /** What one connection may send in a second, counted before anything is parsed. */
  inboundBytesPerSecond: 1024 * 1024,
  sessionsPerUser: 50,
  sessionsPerTenant: 100_000,
  connectsPerSecond: 500,
  roomsPerSession: 128,
  roomNameBytes: 255,
  jsonDepth: 32,
  jsonKeys: 1_000,
  /** One page of a replay; a longer replay is read page by page as the reader takes it. */
  replayEvents: 300,
  replayBytes: 256 * 1024,
  historyEvents: 1_000,
  /** Events that may wait for one subscription while its replay is read; beyond it the log is read again. */
  heldEvents: 1_000,
  publishBatch: 100,
  idempotencyMs: 5 * 60_000,
  idempotencyKeyBytes: 128,
  pingIntervalMs: 25_000,
  pongTimeoutMs: 8_000,
  /** A link that sends nothing, not even pongs, for this long is closed. */
  idleMs: 40_000,
  commentMs: 15_000,
  authMs: 10_000,
  ticketMs: 30_000,
  presenceGraceMs: 15_000,
  shutdownMs: 30_000,
} as const

export type Limits = { readonly [Name in keyof typeof defaultLimits]: number }
