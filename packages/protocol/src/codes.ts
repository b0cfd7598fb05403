/** The one table of what can go wrong. Types, HTTP statuses, close codes, documentation and the client's policy derive from it. */

/** What a client does with a failure: try again at once, after a while, or not at all. */
export type Retry = 'now' | 'later' | 'never'

type Row = {
  /** The HTTP status of a problem with this code. */
  readonly status: number
  /** The WebSocket close code when it ends the link. */
  readonly close: number
  readonly retry: Retry
  readonly meaning: string
}

export const codes = {
  bad_frame: { status: 400, close: 4400, retry: 'never', meaning: 'The text is not a JSON object of a known shape.' },
  unknown_type: { status: 400, close: 4400, retry: 'never', meaning: 'No frame has this type.' },
  unsafe_json: {
    status: 400,
    close: 4400,
    retry: 'never',
    meaning: 'The JSON is too deep, has too many keys, or a key that could change a prototype.',
  },
  too_large: { status: 413, close: 1009, retry: 'never', meaning: 'The message is larger than the limit.' },
  bad_name: {
    status: 400,
    close: 4400,
    retry: 'never',
    meaning: 'The tenant, room, event or key is not a valid name.',
  },
  invalid_payload: {
    status: 422,
    close: 4400,
    retry: 'never',
    meaning: 'The data does not match the schema that the application describes.',
  },
  unknown_room: {
    status: 404,
    close: 4404,
    retry: 'never',
    meaning: 'The application describes no room of this name.',
  },
  unknown_event: { status: 404, close: 4404, retry: 'never', meaning: 'The room has no event of this type.' },
  unknown_command: {
    status: 404,
    close: 4404,
    retry: 'never',
    meaning: 'The application has no command of this name.',
  },
  not_found: { status: 404, close: 4404, retry: 'never', meaning: 'There is nothing here.' },
  not_subscribed: { status: 409, close: 4400, retry: 'never', meaning: 'The session is not in this room.' },
  unauthenticated: { status: 401, close: 4401, retry: 'never', meaning: 'There is no valid token, ticket or key.' },
  token_expired: { status: 401, close: 4402, retry: 'now', meaning: 'The token has ended; come back with a new one.' },
  auth_timeout: { status: 401, close: 4408, retry: 'later', meaning: 'No token came in time after the link opened.' },
  forbidden: { status: 403, close: 4403, retry: 'never', meaning: 'The user may not do this.' },
  tenant_mismatch: {
    status: 403,
    close: 4403,
    retry: 'never',
    meaning: 'The tenant or user named differs from the token.',
  },
  origin_refused: {
    status: 403,
    close: 4403,
    retry: 'never',
    meaning: 'The page that connects is not on the list of allowed origins.',
  },
  disconnected: { status: 403, close: 4410, retry: 'never', meaning: 'An administrator ended the session.' },
  position_lost: { status: 410, close: 4411, retry: 'never', meaning: 'The cursor points into a log that is gone.' },
  rate_limited: { status: 429, close: 4029, retry: 'later', meaning: 'Too many requests.' },
  too_many_rooms: {
    status: 429,
    close: 4429,
    retry: 'never',
    meaning: 'The session is in as many rooms as it may be.',
  },
  too_many_sessions: {
    status: 429,
    close: 4430,
    retry: 'later',
    meaning: 'The user, tenant or node has as many sessions as it may have.',
  },
  slow_reader: {
    status: 503,
    close: 4008,
    retry: 'now',
    meaning: 'The link took frames too slowly; resume from the last position.',
  },
  no_pong: { status: 503, close: 4009, retry: 'now', meaning: 'The link was silent for too long.' },
  shutting_down: {
    status: 503,
    close: 1012,
    retry: 'later',
    meaning: 'The node is stopping; come back when the hint says.',
  },
  overloaded: { status: 503, close: 1013, retry: 'later', meaning: 'The node takes no more work just now.' },
  unavailable: { status: 503, close: 4503, retry: 'later', meaning: 'The engine or the store cannot be reached.' },
  internal: { status: 500, close: 1011, retry: 'later', meaning: 'The server failed; its log says why.' },
} as const satisfies Record<string, Row>

export type ErrorCode = keyof typeof codes

/** The code that a close code stands for, or undefined for one that Fanfare does not send. Several codes may share a close code; the first wins. */
export const codeOfClose = (close: number): ErrorCode | undefined =>
  (Object.keys(codes) as ErrorCode[]).find((code) => codes[code].close === close)
