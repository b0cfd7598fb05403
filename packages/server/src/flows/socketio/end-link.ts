/** What the end of an Engine.IO session means to the WebSocket that carries it. */
import type { ErrorCode } from '@fanfare/protocol'
import type { Link } from '../../hub/link.ts'
import type { EngineCloseReason } from './engine-port.ts'

const codeOf: { readonly [Reason in EngineCloseReason]: ErrorCode | 'normal' | undefined } = {
  'transport close': 'normal',
  'transport error': 'bad_frame',
  'parse error': 'bad_frame',
  'forced close': 'normal',
  'server shutting down': 'shutting_down',
  // Nobody is there to answer a goodbye.
  'ping timeout': undefined,
}

export const endLink = (link: Link, reason: EngineCloseReason): void => {
  const code = codeOf[reason]
  if (code === undefined) link.terminate()
  else link.close(code, reason)
}
